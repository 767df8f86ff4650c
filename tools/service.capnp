@0xeebbdf859a9315d5;
# The example service that every `hawser node` offers, so that there is traffic to look at.

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("hawser::tools");

# A few bytes that nobody answers.
struct Greeting @0xbbc48fd384a0cdbc {
  number @0 :UInt64;
  text @1 :Text;
}

# A request: each wants an OrderAccepted.
struct Order @0xbdb8567ef2a37e2a {
  number @0 :UInt64;
  item @1 :Text;
}

struct OrderAccepted @0x8aa5d23fce0d5f7c {
  number @0 :UInt64;
  by @1 :Text;
}

# Bulk: large, and not urgent.
struct Blob @0xf544710b57c46c52 {
  number @0 :UInt64;
  content @1 :Data;
}
