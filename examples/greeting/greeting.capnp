@0xd5a7f0c1b2e34a69;

struct Greeting @0xb7d1f3a5c2e84960 {
  text @0 :Text;
}
