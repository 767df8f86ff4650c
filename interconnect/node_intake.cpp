// What a node lets in, and the requests that it makes again.
#include <hawser/interconnect/node_core.hpp>

#include <algorithm>
#include <utility>

namespace hawser {

void NodeCore::look_at_intake() {
  if (armed_at_ != never && now_ > armed_at_) intake_->lagged(now_ - armed_at_);
  if (!intake_->due(now_)) return;
  std::size_t held = 0;
  for (const auto& peer : by_index_) held += peer == nullptr ? 0 : peer->inbound_bytes();
  const auto full = static_cast<std::int64_t>(held * 1000 / config_.bounds.node_bytes);
  if (!intake_->look(full, now_)) return;
  const CascadePreventor& seen = intake_->preventor();
  event("intake", {}, seen.reason().cause,
        std::string{to_string(seen.level())} + " at a pressure of " + std::to_string(seen.pressure()) + " of 1000" +
            (config_.intake.observe_only ? ", observed only" : "") + "; " + std::to_string(seen.refusals()) +
            " messages " + (config_.intake.observe_only ? "would have been" : "were") + " turned away so far");
}

void NodeCore::report_pressure(std::int64_t memory_permille, std::int64_t downstream_permille) noexcept {
  if (intake_) intake_->report(memory_permille, downstream_permille);
}

void NodeCore::ask_again(const std::shared_ptr<PeerCore>& peer, EncodedMessage message, const RequestOptions& options,
                         std::uint64_t ticket, CompletionPtr completion) {
  const TypePolicy policy = registry_.policy(message.type);
  const Duration ttl = policy.ttl > Duration::zero() ? policy.ttl : config_.ttl;
  const Instant deadline = std::min(
      options.deadline, later(runtime_.scheduler().now(), options.timeout > Duration::zero() ? options.timeout : ttl));
  // It is encoded once and may be sent several times, from the loop.
  message.bytes = Buffer::copy(message.bytes.bytes());
  const auto request =
      std::make_shared<RetriedRequest>(*this, peer, std::move(message), options, deadline, policy.idempotent,
                                       ticket == 0 ? next_ticket() : ticket, std::move(completion));
  request->attempt();
}

void NodeCore::back_off(std::uint64_t ticket, std::shared_ptr<RetriedRequest> request, Duration delay) {
  if (phase_ == Phase::stopped) return request->end({OutcomeKind::closed, Cause::stopping, {}});
  backing_off_[ticket] = std::move(request);
  sleep(delay, [this, ticket] {
    auto waits = backing_off_.extract(ticket);
    if (!waits.empty()) waits.mapped()->attempt();
  });
}

}  // namespace hawser
