@0xc4a1f6b2d3e85970;

# What the tests say to each other.

struct Note @0xe1c5a3b7d9f20468 {
  number @0 :UInt64;
  text @1 :Text;
}

struct Question @0xa8d6f4b2c0e13579 {
  number @0 :UInt64;
}

struct Answer @0xf2e4d6c8ba907153 {
  number @0 :UInt64;
}

struct Parcel @0x9b7d5f3e1c2a4068 {
  bytes @0 :Data;
}

struct Other @0xd3b5979f81a2c4e6 {
  text @0 :Text;
}
