#include <hawser/base/buffer.hpp>

#include <catch2/catch.hpp>

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

using hawser::Buffer;
using hawser::BufferRef;

TEST_CASE("buffers of every size are aligned, writable and at least as large as asked") {
  for (std::size_t bytes : {0u, 1u, 63u, 64u, 65u, 4096u, 131'072u, 131'073u, 1u << 20}) {
    BufferRef buffer = Buffer::make(bytes);
    REQUIRE(buffer);
    REQUIRE(buffer.size() == bytes);
    REQUIRE(buffer->capacity() >= bytes);
    REQUIRE(reinterpret_cast<std::uintptr_t>(buffer->data()) % 8 == 0);
    for (auto& byte : buffer.bytes()) byte = std::byte{0x5a};
  }
}

TEST_CASE("the pool hands a dropped buffer out again") {
  BufferRef first = Buffer::make(100);
  const std::byte* place = first->data();
  first = nullptr;
  BufferRef second = Buffer::make(120);
  CHECK(second->data() == place);
  CHECK(second.size() == 120);
  const BufferRef third = Buffer::make(120);
  CHECK(third->data() != place);
}

TEST_CASE("a buffer lives until its last reference goes, whatever way the references went") {
  BufferRef one = Buffer::copy(std::as_bytes(std::span{"hello", 5}));
  BufferRef two = one;
  BufferRef three;
  three = two;
  one = nullptr;
  two = std::move(three);
  CHECK_FALSE(static_cast<bool>(three));  // NOLINT
  CHECK_FALSE(three.shared());
  CHECK_FALSE(two.shared());
  three = two;
  CHECK((two.shared() && three.shared()));
  three = nullptr;
  Buffer* raw = two.release();
  CHECK_FALSE(static_cast<bool>(two));
  CHECK(two.size() == 0);
  BufferRef back = BufferRef::adopt(raw);
  CHECK(std::memcmp(back->data(), "hello", 5) == 0);
  const BufferRef& same = back;
  back = same;
  CHECK(back.size() == 5);
}

TEST_CASE("a buffer may shrink and grow within its capacity") {
  BufferRef buffer = Buffer::make(64);
  buffer->resize(10);
  CHECK(buffer.bytes().size() == 10);
  buffer->resize(buffer->capacity());
  CHECK(buffer.size() == buffer->capacity());
}

TEST_CASE("threads make, share and drop buffers without losing a byte") {
  constexpr int rounds = 2'000;
  std::vector<BufferRef> shared;
  for (int i = 0; i < 8; ++i) {
    shared.push_back(Buffer::make(256));
    for (auto& byte : shared.back().bytes()) byte = static_cast<std::byte>(i);
  }
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < rounds; ++i) {
        const std::size_t chosen = static_cast<std::size_t>(i + t) % 8;
        const BufferRef copy = shared[chosen];
        if (copy.bytes()[255] != static_cast<std::byte>(chosen)) ++wrong;
        BufferRef own = Buffer::make(256);
        for (auto& byte : own.bytes()) byte = static_cast<std::byte>(t + 100);
        const BufferRef again = own;
        if (again.bytes()[0] != static_cast<std::byte>(t + 100)) ++wrong;
      }
    });
  }
  for (auto& thread : threads) thread.join();
  CHECK(wrong == 0);
}

TEST_CASE("what is taken on one thread and dropped on another is held by nobody, and comes round again") {
  const std::size_t before = Buffer::held();
  std::vector<BufferRef> carried;
  const auto on_a_thread = [](auto work) { std::thread{work}.join(); };
  for (int round = 0; round < 3; ++round) {
    on_a_thread([&] {
      for (int i = 0; i < 1'000; ++i) carried.push_back(Buffer::make(static_cast<std::size_t>(i) * 2));
    });
    CHECK(Buffer::held() == before + 1'000);
    on_a_thread([&] { carried.clear(); });
    CHECK(Buffer::held() == before);
  }
}

TEST_CASE("a variable of a thread may drop its buffer when the thread has ended its own") {
  const std::size_t before = Buffer::held();
  struct Late {
    BufferRef kept;
  };
  std::thread{[] {
    static thread_local Late late;  // made before the thread's first buffer, and so destroyed after what the pool keeps
    late.kept = nullptr;
    late.kept = Buffer::make(100);
  }}.join();
  CHECK(Buffer::held() == before);
}
