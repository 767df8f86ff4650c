#include <hawser/interconnect/retried_request.hpp>

#include <hawser/interconnect/node_core.hpp>

#include <algorithm>
#include <utility>

namespace hawser {

class RetriedRequest::Attempt final : public Completion {
 public:
  explicit Attempt(std::shared_ptr<RetriedRequest> request) : request_(std::move(request)) {}
  void finish(const Outcome& outcome, InboundBytes reply) override { request_->ended(outcome, std::move(reply)); }

 private:
  std::shared_ptr<RetriedRequest> request_;
};

RetriedRequest::RetriedRequest(NodeCore& node, std::shared_ptr<PeerCore> peer, EncodedMessage message,
                               const RequestOptions& options, Instant deadline, bool idempotent, std::uint64_t ticket,
                               CompletionPtr completion)
    : node_(node),
      peer_(std::move(peer)),
      message_(std::move(message)),
      options_(options),
      deadline_(deadline),
      idempotent_(idempotent),
      ticket_(ticket),
      completion_(std::move(completion)),
      call_(options.retries->begin()) {}

void RetriedRequest::attempt() {
  const Instant now = node_.runtime().scheduler().now();
  began_ = now;
  RequestOptions once;
  once.group = options_.group;
  const Duration longest = options_.retries->attempt_time(static_cast<std::uint64_t>(message_.type.id), now);
  once.deadline = std::min(deadline_, later(now, longest));
  // What is left of the time, or the type's own TTL would cut it.
  once.timeout = std::max(until(now, once.deadline), Duration{5'000});
  node_.ask_once(peer_, message_, once, ticket_, std::make_unique<Attempt>(shared_from_this()));
}

void RetriedRequest::ended(const Outcome& outcome, InboundBytes reply) {
  const Instant now = node_.runtime().scheduler().now();
  const RetryDecision decision = options_.retries->after(call_, outcome, static_cast<std::uint64_t>(message_.type.id),
                                                         idempotent_, began_, now, deadline_);
  if (!decision.retries()) {
    std::exchange(completion_, nullptr)->finish(outcome, std::move(reply));
    return;
  }
  node_.back_off(ticket_, shared_from_this(), until(now, decision.at));
}

void RetriedRequest::end(const Outcome& outcome) {
  if (completion_) std::exchange(completion_, nullptr)->finish(outcome, {});
}

}  // namespace hawser
