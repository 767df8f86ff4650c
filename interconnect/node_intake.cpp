// What a node lets in, and the requests that it makes again.
#include <hawser/interconnect/node_core.hpp>

#include <algorithm>
#include <utility>

namespace hawser {

void NodeCore::look_at_intake() {
  if (IntakeLine* const line = intake_->line()) line->turn(now_);
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

// Whoever has got a place, or was refused one, is looked at by its inbox.
void NodeCore::serve_intake_line() {
  IntakeLine* const line = intake_->line();
  if (line == nullptr) return;
  while (const auto owner = line->poll()) {
    if (by_index_[*owner] != nullptr) mark_dirty(*by_index_[*owner]);
  }
  if (!line->changed()) return;
  const LoadShedder& shedder = line->shedder();
  event("intake", {}, line->reason().cause,
        line->reason().cause == "admits"
            ? std::string{"nobody was turned away from the line of requests for a second"}
            : "requests are turned away: " + std::to_string(shedder.running()) + " in " +
                  std::to_string(shedder.limit()) + " places, " + std::to_string(shedder.waiting()) + " in line");
}

void NodeCore::show_intake(NodeSnapshot& shown) const {
  if (!intake_) return;
  IntakeSnapshot& intake = shown.intake.emplace();
  const CascadePreventor& guard = intake_->preventor();
  intake.guards = intake_->guards();
  intake.observes = config_.intake.observe_only;
  intake.level = to_string(guard.level());
  intake.reason = guard.reason();
  intake.pressure = guard.pressure();
  intake.priority_min = guard.priority_min();
  intake.turned_away = guard.refusals();
  const IntakeLine* const line = intake_->line();
  if (line == nullptr) return;
  const LoadShedder& shedder = line->shedder();
  intake.sheds = true;
  intake.line_reason = line->reason();
  intake.priority_min = std::max(intake.priority_min, shedder.level());
  intake.places = shedder.limit();
  intake.taken = shedder.running();
  intake.waiting = shedder.waiting();
  intake.service = shedder.service_p50();
  intake.admitted = shedder.admitted();
  for (std::size_t i = 0; i < shed_reasons; ++i) intake.rejected[i] = shedder.rejected(static_cast<ShedReason>(i));
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
