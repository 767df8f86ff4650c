@0xb6f1f3a0c5d94e27;
# What the benchmarks send. With framing, root pointer and body pointer a Sample travels in 40 bytes and its body, a Blob
# in 24 bytes and its content, both rounded up to whole words.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("hawser::bench");

struct Sample @0xd2c7a90b4e8f1653 {
  sequence @0 :UInt64;
  reading @1 :Int64;
  body @2 :Data;
}

struct Blob @0xa1d58c3f7260e94b {
  content @0 :Data;
}

# Asks the receiver to end a phase; the Tally tells what the phase came to.
struct Mark @0xe84b2f0d9a6c3715 {
  phase @0 :UInt32;
}

struct Tally @0xc95e17a3b8d0f264 {
  messages @0 :UInt64;
  cpuMicroseconds @1 :Int64;
  checksum @2 :UInt64;
}
