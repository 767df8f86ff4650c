@0x84149d8b926083ac;

# What the streams of a scenario send: six types, so that channels can be told apart; all have the same fields.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("hawser::sim::traffic");

struct Note @0x86d89703ceb1258f {
  number @0 :UInt64;  # of the books
  work @1 :UInt64;    # microseconds that the handler takes
  failing @2 :Bool;   # the handler fails
  body @3 :Data;
}

struct Order @0xd1468952baf0bf8e {
  number @0 :UInt64;
  work @1 :UInt64;
  failing @2 :Bool;
  body @3 :Data;
}

struct Blob @0xd6a330ebb287234b {
  number @0 :UInt64;
  work @1 :UInt64;
  failing @2 :Bool;
  body @3 :Data;
}

struct Query @0x91b9b9b8d3ef9b3c {
  number @0 :UInt64;
  work @1 :UInt64;
  failing @2 :Bool;
  body @3 :Data;
}

struct Signal @0x9725fda62d53d66f {
  number @0 :UInt64;
  work @1 :UInt64;
  failing @2 :Bool;
  body @3 :Data;
}

struct Job @0xb278db156b5b4497 {
  number @0 :UInt64;
  work @1 :UInt64;
  failing @2 :Bool;
  body @3 :Data;
}

struct Answer @0xff378afa2ca3c92f {
  number @0 :UInt64;
}
