// The authentication service, on time of our own: a flood, a directory that goes, and one that returns.
#include <auth/auth_service.hpp>
#include <catch2/catch.hpp>

#include <map>
#include <string>

using namespace hawser;
using namespace hawser::example;
using namespace std::chrono_literals;

namespace {

class AuthClock final : public PipelineClock {
 public:
  Instant now() noexcept override { return at; }
  void wait(std::unique_lock<std::mutex>&, std::condition_variable&, Instant until) override { at = until; }
  Instant at = instant_from_us(1'000'000);
};

class AuthDirectory final : public Directory {
 public:
  explicit AuthDirectory(AuthClock& clock) : clock_(clock) { people["ada"] = {7, password_digest(7, "secret"), false}; }
  Attempted<std::optional<AuthRecord>> find(const std::string& user, const Attempt&) override {
    ++asked;
    clock_.at += takes;
    if (end != AttemptEnd::success) return {std::nullopt, {end, true, std::nullopt}};
    const auto found = people.find(user);
    return {found == people.end() ? std::optional<AuthRecord>{} : found->second, {}};
  }
  Attempted<bool> store(const std::string& user, const AuthRecord& record, const Attempt&) override {
    clock_.at += takes;
    if (end != AttemptEnd::success) return {std::nullopt, {end, false, std::nullopt}};
    people[user] = record;
    return {true, {}};
  }
  std::map<std::string, AuthRecord> people;
  AttemptEnd end = AttemptEnd::success;
  Duration takes{1'000};
  int asked = 0;

 private:
  AuthClock& clock_;
};

}  // namespace

TEST_CASE("auth: who knows the password gets in, and nobody else does") {
  AuthClock clock;
  AuthDirectory directory{clock};
  AuthService service{directory, clock};
  CHECK(service.login("ada", "secret").verdict == AuthVerdict::yes);
  CHECK(service.login("ada", "guess").verdict == AuthVerdict::no);
  CHECK(service.login("nobody", "secret").verdict == AuthVerdict::no);
  directory.people["ada"].locked = true;
  CHECK(service.login("ada", "secret").verdict == AuthVerdict::no);
}

TEST_CASE("auth: a flood of strangers is turned away at an adaptive rate, and those who are known get in") {
  AuthClock clock;
  AuthDirectory directory{clock};
  AuthService service{directory, clock};
  CHECK(service.login("ada", "secret").verdict == AuthVerdict::yes);
  directory.takes = 0us;
  directory.end = AttemptEnd::overloaded;
  const int before = directory.asked;
  int limited = 0;
  for (int i = 0; i < 10'000; ++i) {
    clock.at += 1ms;
    const AuthAnswer answer = service.login("bot" + std::to_string(i), "x");
    CHECK(answer.verdict == AuthVerdict::later);
    if (answer.cause == PipelineCause::rate_limited) {
      ++limited;
      CHECK(answer.retry_after > 0us);
    }
  }
  // Ten seconds at 1000 a second; the rate starts at 100 and falls to 10.
  CHECK(directory.asked - before < 600);
  CHECK(limited > 9'000);
  CHECK(service.strangers().rate == 10);
  // An overloaded directory opens no breaker; ada is looked up, and her record helps while the answer is "overloaded".
  const AuthAnswer ada = service.login("ada", "secret");
  CHECK(ada.verdict == AuthVerdict::yes);
  CHECK(ada.cached);
  directory.end = AttemptEnd::success;
  CHECK_FALSE(service.login("ada", "secret").cached);
}

TEST_CASE("auth: without its directory it lets in whom it knows, by a record with an age, and changes nothing") {
  AuthClock clock;
  AuthDirectory directory{clock};
  AuthService service{directory, clock};
  CHECK(service.login("ada", "secret").verdict == AuthVerdict::yes);
  directory.people["grace"] = {9, password_digest(9, "secret"), false};
  directory.end = AttemptEnd::failure;
  for (int i = 0; i < 5; ++i) CHECK(service.login("ada", "secret").verdict == AuthVerdict::yes);
  // Five failures in a row: now it fails fast, and asks nobody.
  const int asked = directory.asked;
  const AuthAnswer ada = service.login("ada", "secret");
  CHECK(ada.verdict == AuthVerdict::yes);
  CHECK(ada.cached);
  CHECK(ada.age > 0us);
  CHECK(ada.cause == PipelineCause::breaker_open);
  CHECK(directory.asked == asked);
  CHECK(service.login("ada", "guess").verdict == AuthVerdict::no);
  CHECK(service.login("grace", "secret").verdict == AuthVerdict::later);
  const AuthAnswer change = service.change_password("ada", "secret", "better");
  CHECK(change.verdict == AuthVerdict::read_only);

  SECTION("it heals by itself, within the open time") {
    directory.end = AttemptEnd::success;
    clock.at += 1s;
    CHECK_FALSE(service.login("ada", "secret").cached);
    CHECK_FALSE(service.login("ada", "secret").cached);
    clock.at += 4s;  // the ramp
    CHECK(service.change_password("ada", "secret", "better").verdict == AuthVerdict::yes);
    CHECK(service.login("ada", "secret").verdict == AuthVerdict::no);
    CHECK(service.login("ada", "better").verdict == AuthVerdict::yes);
  }
  SECTION("a record that is too old lets nobody in, and to the microsecond") {
    AuthSettings settings;
    clock.at += settings.records_kept;
    const AuthAnswer late = service.login("ada", "secret");
    CHECK(late.verdict == AuthVerdict::later);
  }
}

TEST_CASE("auth: settings that contradict each other are refused with both keys") {
  AuthClock clock;
  AuthDirectory directory{clock};
  AuthSettings settings;
  settings.deadline = 50ms;
  CHECK_THROWS_WITH((AuthService{directory, clock, settings}),
                    Catch::Contains("timeout.timeout_min") && Catch::Contains("deadline"));
}
