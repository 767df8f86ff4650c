#include <hawser/interconnect/type_policy.hpp>

namespace hawser {

std::string_view to_string(Overflow overflow) noexcept {
  switch (overflow) {
    case Overflow::reject:
      return "reject";
    case Overflow::drop_oldest:
      return "drop_oldest";
    case Overflow::keep_latest:
      return "keep_latest";
    case Overflow::wait:
      return "wait";
  }
  return "?";
}

std::string_view to_string(Hold hold) noexcept {
  switch (hold) {
    case Hold::no:
      return "no";
    case Hold::until_ttl:
      return "until_ttl";
  }
  return "?";
}

void TypeOverrides::apply_to(TypePolicy& policy) const {
  policy.lane = lane.value_or(policy.lane);
  policy.priority = priority.value_or(policy.priority);
  policy.ttl = ttl.value_or(policy.ttl);
  policy.overflow = overflow.value_or(policy.overflow);
  policy.hold = hold.value_or(policy.hold);
  policy.channel_bytes = channel_bytes.value_or(policy.channel_bytes);
  policy.channel_messages = channel_messages.value_or(policy.channel_messages);
  policy.reply_bytes = reply_bytes.value_or(policy.reply_bytes);
  policy.groups = groups.value_or(policy.groups);
  policy.concurrency = concurrency.value_or(policy.concurrency);
  policy.ungated = ungated.value_or(policy.ungated);
  policy.slow_limit = slow_limit.value_or(policy.slow_limit);
  policy.refused_is_failure = refused_is_failure.value_or(policy.refused_is_failure);
}

}  // namespace hawser
