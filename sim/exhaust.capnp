@0xd719ec570f2e229c;
# What the nodes of an imposed graph say to each other, so that there is traffic to judge.

struct ExhaustNote @0xade19c01e2219561 {
  number @0 :UInt64;
}

struct ExhaustQuestion @0xbaf39dde6ce110aa {
  number @0 :UInt64;
}

struct ExhaustAnswer @0xce358a71225f3f4b {
  number @0 :UInt64;
}
