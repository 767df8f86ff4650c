@0x8f1d3c5b7a9e0246;

using import "greeting.capnp".Greeting;

struct Farewell @0xf00d5ac31b7e9482 {
  answers @0 :Greeting;
}
