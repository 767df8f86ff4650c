// A move-only callable with room for six words inside, so that the callbacks of one turn do not allocate.
#pragma once

#include <cstddef>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace hawser {

template <typename Signature>
class UniqueFunction;

template <typename R, typename... Args>
class UniqueFunction<R(Args...)> {
 public:
  UniqueFunction() = default;
  UniqueFunction(std::nullptr_t) {}  // NOLINT

  template <typename F>
  requires(!std::is_same_v<std::decay_t<F>, UniqueFunction> && std::is_invocable_r_v<R, std::decay_t<F>&, Args...>)
      UniqueFunction(F&& f) {  // NOLINT
    using Target = std::decay_t<F>;
    if constexpr (fits<Target>) {
      ::new (static_cast<void*>(room_)) Target(std::forward<F>(f));
    } else {
      ::new (static_cast<void*>(room_)) Target*(new Target(std::forward<F>(f)));
    }
    table_ = &table_of<Target>;
  }

  UniqueFunction(UniqueFunction&& other) noexcept { take(other); }
  UniqueFunction& operator=(UniqueFunction&& other) noexcept {
    if (this != &other) {
      reset();
      take(other);
    }
    return *this;
  }
  UniqueFunction(const UniqueFunction&) = delete;
  UniqueFunction& operator=(const UniqueFunction&) = delete;
  ~UniqueFunction() { reset(); }

  explicit operator bool() const noexcept { return table_ != nullptr; }

  // REQUIRES: not empty.
  R operator()(Args... args) { return table_->call(room_, std::forward<Args>(args)...); }

 private:
  static constexpr std::size_t room_bytes = 6 * sizeof(void*);

  struct Table {
    R (*call)(std::byte*, Args&&...);
    void (*move)(std::byte* from, std::byte* to) noexcept;
    void (*destroy)(std::byte*) noexcept;
  };

  template <typename T>
  static constexpr bool fits = sizeof(T) <= room_bytes &&
                               alignof(T) <= alignof(std::max_align_t) && std::is_nothrow_move_constructible_v<T>;

  template <typename T>
  static T& target(std::byte* room) noexcept {
    if constexpr (fits<T>) {
      return *std::launder(reinterpret_cast<T*>(room));
    } else {
      return **std::launder(reinterpret_cast<T**>(room));
    }
  }

  template <typename T>
  static constexpr Table table_of{
      [](std::byte* room, Args&&... args) -> R { return target<T>(room)(std::forward<Args>(args)...); },
      [](std::byte* from, std::byte* to) noexcept {
        if constexpr (fits<T>) {
          ::new (static_cast<void*>(to)) T(std::move(target<T>(from)));
          target<T>(from).~T();
        } else {
          ::new (static_cast<void*>(to)) T*(&target<T>(from));
        }
      },
      [](std::byte* room) noexcept {
        if constexpr (fits<T>) {
          target<T>(room).~T();
        } else {
          delete &target<T>(room);
        }
      }};

  void take(UniqueFunction& other) noexcept {
    table_ = std::exchange(other.table_, nullptr);
    if (table_ != nullptr) table_->move(other.room_, room_);
  }
  void reset() noexcept {
    if (table_ != nullptr) std::exchange(table_, nullptr)->destroy(room_);
  }

  const Table* table_ = nullptr;
  alignas(std::max_align_t) std::byte room_[room_bytes];
};

}  // namespace hawser
