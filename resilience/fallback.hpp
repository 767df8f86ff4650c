// What to answer when the call itself could not: something older, something plainer, or an honest no.
//
// A handler is a chain, asked in the order in which it was built: a cached value that is not too old, a value of one's
// own making (a replica, another service), a default. In read-only mode writes are refused with a typed reason before
// anything else is asked. Every use is counted, and every answer says where it came from and how old it is, so that
// nobody mistakes it for fresh. Invariants: a cached value older than max_age is never given (age <= max_age is); at
// most entries_max values are kept, the one stored longest ago goes first. Time is an argument. Thread safe, because
// custom functions are called outside of every lock: they may be slow, and may use the same pipeline.
#pragma once

#include <hawser/base/assert.hpp>
#include <hawser/base/mutant.hpp>
#include <hawser/base/time.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hawser {

enum class FallbackSource : std::uint8_t {
  none,  // the chain had nothing
  cached,
  custom,
  standard,   // the default value
  read_only,  // a write that was refused: no value
};
inline constexpr std::size_t fallback_sources = 5;
std::string_view to_string(FallbackSource source) noexcept;

struct FallbackRequest {
  std::uint64_t key = 0;   // of the cached value
  bool writes = false;     // the call would have changed something
  std::string_view cause;  // why the call failed; a literal
};

template <typename T>
struct FallbackAnswer {
  std::optional<T> value;
  FallbackSource source = FallbackSource::none;
  Duration age{0};     // of a cached value
  std::string detail;  // of read_only: why the mode was set; of custom: the link's name
};

template <typename T>
class FallbackHandler {
 public:
  using Custom = std::function<std::optional<T>(const FallbackRequest&)>;

  // REQUIRES: entries_max >= 1.
  explicit FallbackHandler(std::size_t entries_max = 1024) : entries_max_(entries_max) {
    HAWSER_ASSERT(entries_max >= 1, "a fallback cache holds at least one value");
  }

  // --- building; not while in use ---
  // Good answers are remembered and given while their age is at most `max_age`. REQUIRES: max_age >= 0.
  FallbackHandler& cached(Duration max_age) {
    HAWSER_ASSERT(max_age >= Duration::zero(), "an age is not negative");
    max_age_ = max_age;
    links_.push_back({FallbackSource::cached, {}, {}, {}});
    return *this;
  }
  // Asked for a value; nothing, or an exception, passes on to the next link.
  FallbackHandler& custom(std::string name, Custom ask) {
    links_.push_back({FallbackSource::custom, std::move(name), std::move(ask), {}});
    return *this;
  }
  FallbackHandler& default_value(T value) {
    links_.push_back({FallbackSource::standard, {}, {}, std::move(value)});
    return *this;
  }
  // Writes that failed are refused as read_only instead of asking the chain: a default is no answer to a write.
  FallbackHandler& refuse_failed_writes(std::string why) {
    failed_writes_ = std::move(why);
    return *this;
  }

  // --- in use; any thread ---
  // By hand: from now on writes are refused before they are tried; reads go on.
  void set_read_only(std::string why) {
    const std::lock_guard lock{mutex_};
    read_only_ = std::move(why);
  }
  void set_writable() {
    const std::lock_guard lock{mutex_};
    read_only_.reset();
  }
  // Set when a write must not even be tried: the reason.
  std::optional<std::string> read_only() const {
    const std::lock_guard lock{mutex_};
    return read_only_;
  }
  bool remembers() const noexcept { return max_age_.has_value(); }

  // A good answer came. Ignored without a cached() link.
  void remember(std::uint64_t key, T value, Instant now) {
    if (!max_age_) return;
    const std::lock_guard lock{mutex_};
    const auto found = values_.find(key);
    if (found != values_.end()) {
      found->second = {std::move(value), now, ++stored_};
      return;
    }
    if (values_.size() >= entries_max_) {
      auto oldest = values_.begin();
      for (auto it = values_.begin(); it != values_.end(); ++it) {
        if (it->second.order < oldest->second.order) oldest = it;
      }
      values_.erase(oldest);
    }
    values_.emplace(key, Stored{std::move(value), now, ++stored_});
  }

  FallbackAnswer<T> answer(const FallbackRequest& request, Instant now) {
    FallbackAnswer<T> answer = ask(request, now);
    const std::lock_guard lock{mutex_};
    ++uses_[static_cast<std::size_t>(answer.source)];
    return answer;
  }

  std::uint64_t uses(FallbackSource source) const {
    const std::lock_guard lock{mutex_};
    return uses_[static_cast<std::size_t>(source)];
  }
  // Cached values that were there and too old to give.
  std::uint64_t stale() const {
    const std::lock_guard lock{mutex_};
    return stale_;
  }
  std::size_t entries() const {
    const std::lock_guard lock{mutex_};
    return values_.size();
  }

 private:
  struct Link {
    FallbackSource kind;
    std::string name;
    Custom ask;
    std::optional<T> value;
  };
  struct Stored {
    T value;
    Instant at;
    std::uint64_t order;
  };

  FallbackAnswer<T> ask(const FallbackRequest& request, Instant now) {
    if (request.writes) {
      if (const auto why = read_only()) return {std::nullopt, FallbackSource::read_only, {}, *why};
      if (failed_writes_) return {std::nullopt, FallbackSource::read_only, {}, *failed_writes_};
    }
    for (const Link& link : links_) {
      if (link.kind == FallbackSource::standard) return {link.value, link.kind, {}, {}};
      if (link.kind == FallbackSource::cached) {
        if (auto found = look_up(request.key, now)) return std::move(*found);
        continue;
      }
      try {
        if (auto value = link.ask(request)) return {std::move(value), link.kind, {}, link.name};
      } catch (...) {
        // A fallback that fails is no reason to fail differently: the next link is asked.
        continue;
      }
    }
    return {};
  }

  std::optional<FallbackAnswer<T>> look_up(std::uint64_t key, Instant now) {
    const std::lock_guard lock{mutex_};
    const auto found = values_.find(key);
    if (found == values_.end()) return std::nullopt;
    // A clock that ran backwards makes nothing younger than new.
    const Duration age = now > found->second.at ? now - found->second.at : Duration::zero();
    if (age > *max_age_ && !mutant(Mutant::fallback_stale)) {
      ++stale_;
      return std::nullopt;
    }
    return FallbackAnswer<T>{found->second.value, FallbackSource::cached, age, {}};
  }

  std::size_t entries_max_;
  std::optional<Duration> max_age_;
  std::vector<Link> links_;
  std::optional<std::string> failed_writes_;
  mutable std::mutex mutex_;
  std::optional<std::string> read_only_;
  std::map<std::uint64_t, Stored> values_;
  std::uint64_t stored_ = 0;
  std::uint64_t stale_ = 0;
  std::array<std::uint64_t, fallback_sources> uses_{};
};

}  // namespace hawser
