@0xcac46908c74c28ec;

# What a client of the lock says to its server, and hears.

struct Acquire @0xb038aefacefb0c0f {
  # Asks for the lock, or to keep it.
}

struct Granted @0x93461f2660b00a7e {
  held @0 :Bool;  # the asker has it, for one lease from now on
}
