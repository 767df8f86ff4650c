@0xa8a1e4b0c1d24f37;

struct Greeting @0xd3b54f9de1c98a11 {
  text @0 :Text;
  mood @1 :Mood;

  struct Mood {  # a part of a greeting, never sent alone: it needs no id
    cheerful @0 :Bool;
  }
}
