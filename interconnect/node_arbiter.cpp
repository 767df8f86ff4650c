// The arbiter's part in isolation, carried out: calls to the program's arbiter, and what its answers mean to the core.
#include <hawser/interconnect/node_core.hpp>

#include <boost/asio/post.hpp>

#include <utility>

namespace hawser {

void NodeCore::require_arbiter() const {
  if (config_.strategy != Strategy::arbiter || runtime_.arbiter() != nullptr) return;
  throw StartError{"node " + config_.id.text() +
                   ": strategy is arbiter, and the program has brought no arbiter: implement hawser::Arbiter "
                   "(interconnect/arbiter.hpp) and give it to the runtime (ZmqRuntimeOptions::arbiter), or choose "
                   "another strategy"};
}

void NodeCore::start_arbiter() {
  if (config_.strategy != Strategy::arbiter) return;
  arbiter_ = std::make_unique<ArbiterVoter>(isolation_->coterie(), isolation_->settings(), isolation_self(),
                                            incarnation_, coterie_digest_);
}

void NodeCore::ask_arbiter(const Pulse& pulse) {
  arbiter_->asked(pulse, read_clock());
  note_arbiter();
  call_arbiter();
}

// The program's code: it may throw, and may answer on any thread, but not from inside.
void NodeCore::call_arbiter() {
  const auto answered = [this](std::optional<std::uint64_t> number) {
    return [loop = runtime_.loop(), weak = weak_from_this(), number](ArbiterAnswer answer) {
      boost::asio::post(loop, [weak, number, answer = std::move(answer)] {
        if (const auto node = weak.lock()) node->arbiter_answered(number, answer);
      });
    };
  };
  try {
    if (auto renewal = arbiter_->take_renewal()) {
      const std::uint64_t number = renewal->number;
      runtime_.arbiter()->renew(std::move(*renewal), answered(number));
    }
    if (auto swap = arbiter_->take_swap()) runtime_.arbiter()->swap(std::move(*swap), answered(std::nullopt));
  } catch (...) {
    task_failed(std::current_exception());
  }
}

void NodeCore::arbiter_answered(std::optional<std::uint64_t> renewal, const ArbiterAnswer& answer) {
  const Turn turn{*this};
  if (phase_ == Phase::stopped || isolation_ == nullptr) return;
  const Instant now = read_clock();
  const auto pulse = renewal ? arbiter_->renewed(*renewal, answer, now) : arbiter_->swapped(answer, now);
  note_arbiter();
  if (pulse) isolation_->hear(*isolation_->coterie().arbiter(), *pulse, read_clock());
  call_arbiter();
  take_isolation();
}

// Whether it answers, and what is wrong with what it says: to the core, and to people, when it has changed.
void NodeCore::note_arbiter() {
  const Instant now = read_clock();
  const bool linked = arbiter_->linked(now);
  if (std::exchange(arbiter_linked_, linked) != linked) {
    event("arbiter", {}, linked ? "answers" : "silent",
          linked ? "the arbiter answers" : "the arbiter has not answered for four heartbeats");
    isolation_->link(*isolation_->coterie().arbiter(), arbiter_incarnation, linked, now);
  }
  if (arbiter_->problem() == arbiter_problem_) return;
  arbiter_problem_ = arbiter_->problem();
  if (!arbiter_problem_.empty()) event("arbiter", {}, "of_no_use", arbiter_problem_);
}

}  // namespace hawser
