// An authentication service that lives through a flood and through the loss of its directory.
//
// Who logs in is looked up in a directory, which may be slow, overloaded or gone. Around each look-up stands the
// resilience kit: a breaker and an adaptive timeout; for people never seen here an adaptive rate besides, so that a
// flood of invented names costs the others nothing; and when the directory does not answer, the record that was read
// last, if it is not too old. Changing a password needs the directory: without it the service is read-only and says so.
//
// The price of the fallback: who was locked out a moment ago may get in until `records_kept` is over. Thread safe.
#pragma once

#include <hawser/resilience/pipeline.hpp>

#include <cstdint>
#include <memory>
#include <string>

namespace hawser::example {

struct AuthRecord {
  std::uint64_t salt = 0;
  std::uint64_t digest = 0;  // of salt and password
  bool locked = false;
};

// A stand-in: a real service uses a slow hash made for passwords, such as Argon2.
std::uint64_t password_digest(std::uint64_t salt, const std::string& password);

// Any thread. Should give up at the attempt's deadline.
class Directory {
 public:
  virtual ~Directory() = default;
  // A success without a value: there is no such person.
  virtual Attempted<std::optional<AuthRecord>> find(const std::string& user, const Attempt& attempt) = 0;
  virtual Attempted<bool> store(const std::string& user, const AuthRecord& record, const Attempt& attempt) = 0;
};

enum class AuthVerdict : std::uint8_t { yes, no, later, read_only };
std::string to_string(AuthVerdict verdict);

struct AuthAnswer {
  AuthVerdict verdict = AuthVerdict::later;
  PipelineCause cause = PipelineCause::answered;  // why the directory was not asked, or did not answer
  bool cached = false;                            // by a record of this age
  Duration age{0};
  Duration retry_after{0};  // of `later`; `forever` when nobody knows
};

struct AuthSettings {
  Duration records_kept{std::chrono::minutes{10}};
  std::size_t records_max = 10'000;
  Duration deadline{2'000'000};  // of one login
  BreakerConfig breaker{};
  TimeoutConfig timeout{};
  AdaptiveRateConfig strangers{};  // look-ups of people who were never seen here
};

class AuthService {
 public:
  // Directory and clock outlive it. Throws std::invalid_argument when the settings contradict each other.
  AuthService(Directory& directory, PipelineClock& clock, const AuthSettings& settings = {});

  AuthAnswer login(const std::string& user, const std::string& password);
  AuthAnswer change_password(const std::string& user, const std::string& password, const std::string& next);

  ResilienceSnapshot known() const { return known_->snapshot(); }
  ResilienceSnapshot strangers() const { return strangers_->snapshot(); }

 private:
  using Found = std::optional<AuthRecord>;

  AuthAnswer look_up(const std::string& user, Found& found);

  Directory& directory_;
  FallbackHandler<Found> records_;
  FallbackHandler<bool> writes_;
  std::unique_ptr<Pipeline> known_;
  std::unique_ptr<Pipeline> strangers_;
  PipelineClock& clock_;
};

}  // namespace hawser::example
