// A day in the life of the service, in a few seconds: people log in, strangers flood it, the directory goes and
// returns.
#include "auth/auth_service.hpp"

#include <atomic>
#include <chrono>
#include <cstdio>
#include <map>
#include <mutex>
#include <string>
#include <thread>

using namespace hawser;
using namespace hawser::example;
using namespace std::chrono_literals;

namespace {

// In memory, with a delay, and a switch.
class ShakyDirectory final : public Directory {
 public:
  ShakyDirectory() {
    for (const char* name : {"ada", "grace", "edsger"}) people_[name] = {7, password_digest(7, "secret"), false};
  }
  Attempted<std::optional<AuthRecord>> find(const std::string& user, const Attempt&) override {
    if (gone) return {std::nullopt, {AttemptEnd::failure, true, std::nullopt}};
    if (++busy_ > 4) {
      --busy_;
      return {std::nullopt, {AttemptEnd::overloaded, true, std::nullopt}};
    }
    std::this_thread::sleep_for(2ms);
    --busy_;
    const std::lock_guard lock{mutex_};
    const auto found = people_.find(user);
    return {found == people_.end() ? std::optional<AuthRecord>{} : found->second, {}};
  }
  Attempted<bool> store(const std::string& user, const AuthRecord& record, const Attempt&) override {
    if (gone) return {std::nullopt, {AttemptEnd::failure, false, std::nullopt}};
    const std::lock_guard lock{mutex_};
    people_[user] = record;
    return {true, {}};
  }
  std::atomic<bool> gone{false};

 private:
  std::mutex mutex_;
  std::map<std::string, AuthRecord> people_;
  std::atomic<int> busy_{0};
};

void tell(const std::string& what, const AuthAnswer& answer) {
  std::printf("%-40s %-9s %s%s\n", what.c_str(), to_string(answer.verdict).c_str(),
              std::string{to_string(answer.cause)}.c_str(),
              answer.cached ? (", by a record " + std::to_string(answer.age.count() / 1000) + " ms old").c_str() : "");
}

}  // namespace

int main() {
  ShakyDirectory directory;
  StdPipelineClock<std::chrono::steady_clock> clock;
  AuthSettings settings;
  settings.breaker.open_for = 300ms;
  AuthService service{directory, clock, settings};

  tell("ada logs in", service.login("ada", "secret"));
  tell("ada with a wrong password", service.login("ada", "guess"));
  tell("nobody", service.login("nobody", "secret"));

  int refused = 0;
  for (int i = 0; i < 2000; ++i) {
    const AuthAnswer answer = service.login("bot" + std::to_string(i), "x");
    refused += answer.cause == PipelineCause::rate_limited ? 1 : 0;
  }
  std::printf("a flood of 2000 strangers: %d never reached the directory\n", refused);
  tell("ada meanwhile", service.login("ada", "secret"));

  directory.gone = true;
  for (int i = 0; i < 6; ++i) service.login("ada", "secret");
  tell("the directory is gone; ada logs in", service.login("ada", "secret"));
  tell("ada with a wrong password", service.login("ada", "guess"));
  tell("grace, who was not here before", service.login("grace", "secret"));
  tell("ada changes her password", service.change_password("ada", "secret", "better"));

  directory.gone = false;
  AuthAnswer changed;
  for (int i = 0; i < 200 && changed.verdict != AuthVerdict::yes; ++i) {
    std::this_thread::sleep_for(25ms);
    changed = service.change_password("ada", "secret", "better");
  }
  tell("it is back; ada changes her password", changed);
  tell("ada with the new one", service.login("ada", "better"));
  return changed.verdict == AuthVerdict::yes ? 0 : 1;
}
