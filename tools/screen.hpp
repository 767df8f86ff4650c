// A whole terminal for one program: every frame replaces the one before, keys come in one by one.
//
// While a Screen lives, the terminal shows its other page, without a cursor and without echo. It is put back as it was
// however the program ends: by the destructor, by a signal that ends it, by one that stops it (Ctrl-Z) until it goes
// on, and before a crash is reported. SIGKILL alone cannot be answered.
#pragma once

#include <hawser/base/time.hpp>

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace hawser::tools {

struct Key {
  // none: the time was over. resized: the frame must be drawn anew. quit: a signal, or nobody is at the keyboard any
  // more.
  enum class Kind : unsigned char {
    none,
    text,
    up,
    down,
    left,
    right,
    page_up,
    page_down,
    home,
    end,
    enter,
    escape,
    erase,
    resized,
    quit
  };
  Kind kind = Kind::none;
  std::string text;  // one character, UTF-8

  bool is(char character) const { return kind == Kind::text && text == std::string(1, character); }
};

class Screen {
 public:
  // Whether standard input and output are a terminal that can be drawn on.
  static bool possible() noexcept;

  // REQUIRES: possible(), and no other Screen.
  Screen();
  ~Screen();
  Screen(const Screen&) = delete;
  Screen& operator=(const Screen&) = delete;

  std::size_t width() const noexcept;
  std::size_t height() const noexcept;
  // Lines may carry styles of a Terminal; what does not fit is cut.
  void draw(const std::vector<std::string>& lines);
  // The next key, or `none` after so long.
  Key wait(Duration most);
  // A signal has come that ends it; the descriptor can be read from then on, for those that wait for other things.
  bool ended() const noexcept;
  int ended_descriptor() const noexcept;

 private:
  class Input;
  std::unique_ptr<Input> input_;
};

}  // namespace hawser::tools
