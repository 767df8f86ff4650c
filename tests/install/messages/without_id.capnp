# A schema that must be refused: struct InAComment { } and "struct InAString" are none, Nameless is.
@0xb3c1a5d2e7f64819;

const motto :Text = "struct InAString {";

struct Named @0xc9e04b7a5d1f3826 {
  part @0 :Part;
  struct Part { value @0 :Int32; }
}
struct Nameless {
  text @0 :Text;
}
