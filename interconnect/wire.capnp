# The headers of Hawser's frames. docs/wire.md says what they mean and which changes are allowed.
#
# Fields and structs are only ever appended. A reader that does not know a field ignores it, a reader that misses one
# sees zero; so a new field is safe when zero means what was true before it existed.
@0xf032afdef4dc5d2b;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("hawser::wire");

struct Hello @0xf077c49280e07b7e {
  cluster @0 :Text;
  from @1 :Text;
  to @2 :Text;
  fromIncarnation @3 :UInt64;
  toIncarnation @4 :UInt64;
  session @5 :UInt64;
  nonce @6 :UInt64;
  generationDigest @7 :UInt64;
  sentAt @8 :Int64;
  lane @9 :UInt8;
  versionMin @10 :UInt8;
  versionMax @11 :UInt8;
  batchesBefore @12 :UInt64;
}

struct ChannelResume @0xba63cfb8c7407f14 {
  type @0 :UInt64;
  received @1 :UInt64;
  creditMessages @2 :UInt64;
  creditBytes @3 :UInt64;
  receivedBytes @4 :UInt64;
}

struct Welcome @0xe7ec405cd5595204 {
  from @0 :Text;
  to @1 :Text;
  fromIncarnation @2 :UInt64;
  toIncarnation @3 :UInt64;
  session @4 :UInt64;
  peerSession @5 :UInt64;
  nonce @6 :UInt64;
  sentAt @7 :Int64;
  helloSentAt @8 :Int64;
  lane @9 :UInt8;
  version @10 :UInt8;
  resume @11 :List(ChannelResume);
}

struct Refusal @0xefb38f838d1b9d9b {
  from @0 :Text;
  fromIncarnation @1 :UInt64;
  reason @2 :UInt8;
  versionMin @3 :UInt8;
  versionMax @4 :UInt8;
  text @5 :Text;
}

struct Goodbye @0xc5eb944b6bb49671 {
  from @0 :Text;
  fromIncarnation @1 :UInt64;
  settled @2 :Bool;
  taken @3 :List(ChannelResume);
}

struct Hears @0xc43970cad764d183 {
  node @0 :Text;
  incarnation @1 :UInt64;
  state @2 :UInt8;
}

struct Heartbeat @0xb20716eea4016ba7 {
  sequence @0 :UInt64;
  replyTo @1 :UInt64;
  replyHoldUs @2 :UInt64;
  lastHeard @3 :UInt64;
  stance @4 :UInt8;
  hears @5 :List(Hears);
  asks @6 :List(HeardAgo);
  answers @7 :List(HeardAgo);
  lanesSilent @8 :UInt8;
}

struct HeardAgo @0xd1c5a7e2909b4f38 {
  node @0 :Text;
  incarnation @1 :UInt64;
  agoUs @2 :UInt64;
}

struct BatchHeader @0xac7818eb13367965 {
  # First, because the writer fills it in last, at a place that must not move.
  recordCount @0 :UInt32;
  epochProposer @1 :UInt32;
  fromIncarnation @2 :UInt64;
  toIncarnation @3 :UInt64;
  sentAt @4 :Int64;
  epochCounter @5 :UInt64;
  epochProposerIncarnation @6 :UInt64;
  receivedControl @7 :UInt64;
  receivedOrdinary @8 :UInt64;
  receivedBulk @9 :UInt64;
  heartbeat @10 :Heartbeat;
  session @11 :UInt64;
  peerSession @12 :UInt64;
}
