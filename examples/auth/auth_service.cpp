#include "auth/auth_service.hpp"

#include <utility>

namespace hawser::example {
namespace {

// FNV-1a.
std::uint64_t hash_text(std::uint64_t hash, const std::string& text) {
  for (const char letter : text) hash = (hash ^ static_cast<unsigned char>(letter)) * 0x100000001b3;
  return hash;
}

std::uint64_t key_of(const std::string& user) { return hash_text(0xcbf29ce484222325, user); }

}  // namespace

std::uint64_t password_digest(std::uint64_t salt, const std::string& password) {
  return hash_text(0xcbf29ce484222325 ^ salt, password);
}

std::string to_string(AuthVerdict verdict) {
  switch (verdict) {
    case AuthVerdict::yes:
      return "yes";
    case AuthVerdict::no:
      return "no";
    case AuthVerdict::later:
      return "later";
    case AuthVerdict::read_only:
      return "read-only";
  }
  return "?";
}

AuthService::AuthService(Directory& directory, PipelineClock& clock, const AuthSettings& settings)
    : directory_(directory), records_(settings.records_max), clock_(clock) {
  records_.cached(settings.records_kept);
  writes_.refuse_failed_writes("the directory does not answer: nothing can be changed until it does");
  PipelineBuilder common;
  common.deadline(settings.deadline).breaker(settings.breaker).timeout(settings.timeout);
  known_ = common.build(clock);
  strangers_ = common.adaptive_rate(settings.strangers).build(clock);
}

// The record, or why there is none. A person whose record is kept is no stranger.
AuthAnswer AuthService::look_up(const std::string& user, Found& found) {
  CallOptions options;
  options.key = key_of(user);
  const bool seen = records_.answer({options.key, false, "seen?"}, clock_.now()).value.has_value();
  Pipeline& pipeline = seen ? *known_ : *strangers_;
  // Only people who exist are remembered, or a flood of invented names would push them out.
  auto result = pipeline.run(options, [&](const Attempt& attempt) { return directory_.find(user, attempt); });
  AuthAnswer answer;
  answer.cause = result.cause;
  answer.retry_after = result.retry_after;
  if (result.value) {
    found = *result.value;
    answer.verdict = AuthVerdict::no;
    if (found) records_.remember(options.key, found, clock_.now());
    return answer;
  }
  auto kept = records_.answer({options.key, false, to_string(result.cause)}, clock_.now());
  if (!kept.value) return answer;
  found = *kept.value;
  answer.verdict = AuthVerdict::no;
  answer.cached = true;
  answer.age = kept.age;
  return answer;
}

AuthAnswer AuthService::login(const std::string& user, const std::string& password) {
  Found found;
  AuthAnswer answer = look_up(user, found);
  if (answer.verdict == AuthVerdict::later) return answer;
  const bool right = found && !found->locked && password_digest(found->salt, password) == found->digest;
  answer.verdict = right ? AuthVerdict::yes : AuthVerdict::no;
  return answer;
}

AuthAnswer AuthService::change_password(const std::string& user, const std::string& password, const std::string& next) {
  Found found;
  AuthAnswer answer = look_up(user, found);
  if (answer.verdict == AuthVerdict::later) return answer;
  if (!found || found->locked || password_digest(found->salt, password) != found->digest) return answer;
  AuthRecord record = *found;
  record.digest = password_digest(record.salt, next);
  CallOptions options;
  options.key = key_of(user);
  options.writes = true;
  options.idempotent = false;
  const auto stored = known_->run(
      options, [&](const Attempt& attempt) { return directory_.store(user, record, attempt); }, writes_);
  answer.cause = stored.cause;
  answer.retry_after = stored.retry_after;
  answer.verdict = stored.fallback == FallbackSource::read_only ? AuthVerdict::read_only
                   : stored.value                               ? AuthVerdict::yes
                                                                : AuthVerdict::later;
  if (stored.value) records_.remember(options.key, record, clock_.now());
  return answer;
}

}  // namespace hawser::example
