#include "disaster_world.hpp"

#include <algorithm>
#include <utility>

namespace hawser::tools {
namespace {

constexpr Duration half_round_trip{250};

}  // namespace

void DisasterWorld::often(std::int64_t per_second, Instant end, std::function<void()> what) {
  const std::int64_t mean = 1'000'000 / per_second;
  const Instant next = now_ + Duration{random_.between(std::int64_t{0}, 2 * mean)};
  if (next >= end) return;
  at(next, [this, per_second, end, what = std::move(what)]() mutable {
    what();
    often(per_second, end, std::move(what));
  });
}

void DisasterWorld::every(Duration period, Instant end, std::function<void()> what) {
  if (now_ + period >= end) return;
  after(period, [this, period, end, what = std::move(what)]() mutable {
    what();
    every(period, end, std::move(what));
  });
}

void DisasterWorld::run_until(Instant end) {
  while (timers_.next() <= end) {
    now_ = std::max(now_, timers_.next());
    timers_.pop_due(now_)();
  }
  now_ = std::max(now_, end);
}

// --- backend ---

DisasterBackend::DisasterBackend(DisasterWorld& world, Settings settings)
    : world_(world), settings_(std::move(settings)) {
  if (settings_.shedder) shedder_.emplace(*settings_.shedder, world_.now());
}

void DisasterBackend::ask(DisasterJob job) {
  world_.after(half_round_trip, [this, taken = std::make_shared<Taken>(Taken{std::move(job), {}})] { arrive(taken); });
}

void DisasterBackend::arrive(const std::shared_ptr<Taken>& taken) {
  if (silent_) return;
  if (refusing_) return answer(taken, {AttemptEnd::failure, true, std::nullopt});
  taken->admitted = world_.now();
  if (!shedder_) {
    queue_.push_back(taken);
    return work();
  }
  const ShedAnswer said = shedder_->offer({taken->job.priority, taken->job.deadline, taken.get()}, world_.now());
  if (said.rejection) {
    answer(taken, {AttemptEnd::overloaded, true, std::nullopt});
  } else if (said.admitted) {
    queue_.push_back(taken);
  } else {
    here_.push_back(taken);
  }
  settle();
}

void DisasterBackend::settle() {
  while (const auto event = shedder_->poll(world_.now())) {
    const auto found =
        std::find_if(here_.begin(), here_.end(), [&](const auto& it) { return it.get() == event->owner; });
    const std::shared_ptr<Taken> taken = *found;
    here_.erase(found);
    if (event->rejection) {
      answer(taken, {AttemptEnd::overloaded, true, std::nullopt});
    } else {
      taken->admitted = world_.now();
      queue_.push_back(taken);
    }
  }
  work();
}

void DisasterBackend::work() {
  while (busy_ < settings_.workers && !queue_.empty()) {
    const std::shared_ptr<Taken> taken = queue_.front();
    queue_.pop_front();
    ++busy_;
    working_.push_back(taken);
    const std::int64_t mean = settings_.service.count();
    const std::int64_t drag = settings_.drag ? settings_.drag(held()) : 1000;
    const std::int64_t took = world_.random().between(mean / 2, mean + mean / 2) * slow_permille_ / 1000 * drag / 1000;
    world_.after(Duration{took}, [this, taken, life = life_] {
      if (life != life_) return;
      if (!taken->job.deep || !settings_.next) return finish(taken, {});
      settings_.next(taken->job, [this, taken, life](const AttemptResult& result) {
        if (life == life_) finish(taken, result);
      });
    });
  }
}

void DisasterBackend::finish(const std::shared_ptr<Taken>& taken, const AttemptResult& result) {
  --busy_;
  ++worked_;
  working_.erase(std::find(working_.begin(), working_.end(), taken));
  answer(taken, result);
  if (shedder_) {
    shedder_->finished(world_.now(), world_.now() - taken->admitted);
    return settle();
  }
  work();
}

void DisasterBackend::answer(const std::shared_ptr<Taken>& taken, const AttemptResult& result) {
  world_.after(half_round_trip, [this, taken, result] {
    if (!silent_) taken->job.done(result);
  });
}

void DisasterBackend::lose(bool say_so) {
  ++life_;
  std::vector<std::shared_ptr<Taken>> all = std::exchange(working_, {});
  all.insert(all.end(), queue_.begin(), queue_.end());
  all.insert(all.end(), here_.begin(), here_.end());
  queue_.clear();
  here_.clear();
  busy_ = 0;
  if (settings_.shedder) shedder_.emplace(*settings_.shedder, world_.now());
  if (!say_so) return;
  for (const auto& taken : all) answer(taken, {AttemptEnd::failure, true, std::nullopt});
}

void DisasterBackend::set_silent(bool silent) {
  if (silent) lose(false);
  silent_ = silent;
}

void DisasterBackend::set_refusing(bool refusing) {
  if (refusing) lose(true);
  refusing_ = refusing;
}

// --- caller ---

void DisasterCaller::call(const CallOptions& options, Operation operation, Ended ended) {
  auto call = std::make_shared<Call>(options);
  call->operation = std::move(operation);
  call->ended = std::move(ended);
  if (threads_ > 0 && running_ >= threads_) return line_.push_back(std::move(call));
  begin(call);
}

void DisasterCaller::begin(const std::shared_ptr<Call>& call) {
  ++running_;
  core_.begin(call->call, world_.now());
  advance(call);
}

void DisasterCaller::advance(const std::shared_ptr<Call>& call) {
  if (call->over || call->attempt != 0) return;
  const std::uint64_t turn = ++call->turn;
  call->call.wake = {};
  const PipelineStep step = core_.step(call->call, world_.now());
  look_at_breaker();
  const auto again = [this, call, turn] {
    if (call->turn == turn) advance(call);
  };
  switch (step.kind) {
    case PipelineStep::Kind::done:
      call->over = true;
      core_.ended(call->call.stage(), call->call.cause());
      --running_;
      call->ended(call->call);
      if (!line_.empty() && running_ < threads_) {
        const std::shared_ptr<Call> next = line_.front();
        line_.pop_front();
        begin(next);
      }
      return;
    case PipelineStep::Kind::wait:
      // Woken from inside another call's step: on with it when that has ended.
      call->call.wake = [this, again] { world_.after(Duration{0}, again); };
      return world_.at(step.until, again);
    case PipelineStep::Kind::run:
      break;
  }
  const std::uint32_t attempt = call->attempt = call->call.attempts();
  call->attempt_began = world_.now();
  world_.at(later(step.until, Duration{1}), [this, call, attempt] {
    attempt_ended(call, attempt, {AttemptEnd::timeout, true, std::nullopt});
  });
  call->operation(call->call,
                  [this, call, attempt](const AttemptResult& result) { attempt_ended(call, attempt, result); });
}

void DisasterCaller::attempt_ended(const std::shared_ptr<Call>& call, std::uint32_t attempt,
                                   const AttemptResult& result) {
  if (call->attempt != attempt) return;
  call->attempt = 0;
  if (result.end == AttemptEnd::success || result.end == AttemptEnd::timeout) {
    attempts_.push_back({world_.now(), world_.now() - call->attempt_began});
  }
  core_.attempt_ended(call->call, result, world_.now());
  look_at_breaker();
  advance(call);
}

void DisasterCaller::look_at_breaker() {
  if (core_.breaker() == nullptr) return;
  const bool open = core_.breaker()->state(world_.now()) == BreakerState::open;
  const bool was_open = !openings_.empty() && openings_.back().until == never;
  if (open && !was_open) openings_.push_back({world_.now(), never});
  if (!open && was_open) openings_.back().until = world_.now();
}

Duration DisasterCaller::p95(Duration span) const {
  std::vector<Duration> took;
  for (auto it = attempts_.rbegin(); it != attempts_.rend() && world_.now() - it->ended <= span; ++it) {
    took.push_back(it->took);
  }
  if (took.empty()) return Duration::zero();
  const auto place = took.begin() + static_cast<std::ptrdiff_t>((took.size() * 95 + 99) / 100 - 1);
  std::nth_element(took.begin(), place, took.end());
  return *place;
}

// --- route ---

void DisasterRoute::call(const CallOptions& options, std::vector<Way> ways, Ended ended) {
  budget_.deposit();
  go(options, std::make_shared<std::vector<Way>>(std::move(ways)), 0, PipelineCause::answered, ended);
}

void DisasterRoute::go(const CallOptions& options, const std::shared_ptr<std::vector<Way>>& ways, std::size_t index,
                       PipelineCause first, const Ended& ended) {
  const Way& way = (*ways)[index];
  way.caller->call(options, way.operation, [this, options, ways, index, first, ended](const PipelineCall& call) {
    const bool good = call.cause() == PipelineCause::answered || call.cause() == PipelineCause::late;
    const bool last = index + 1 == ways->size() || world_.now() >= options.deadline;
    if (good || last || (call.attempts() > 0 && !budget_.withdraw(world_.now()))) return ended(call, index, first);
    go(options, ways, index + 1, index == 0 ? call.cause() : first, ended);
  });
}

}  // namespace hawser::tools
