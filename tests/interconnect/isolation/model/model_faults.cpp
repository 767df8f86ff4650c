// What happens to a model's cluster: a plan of faults drawn from the seed, each with a beginning and an end.
#include "interconnect/isolation/model/model.hpp"

#include <algorithm>

namespace hawser::model {

ModelResult Model::run() {
  plan_faults();
  run_until(last_fault_);
  const Duration end = last_fault_ + config_.patience;
  result_.stuck = true;
  while (result_.violation.empty() && now_ < end) {
    if (all_serve_in_one() && isolation(0).view().members.size() == nodes_.size()) {
      result_.stuck = false;
      result_.recovered_after = now_ - last_fault_;
      break;
    }
    run_until(now_ + Duration{20'000});
  }
  if (!result_.violation.empty()) result_.stuck = false;
  return result_;
}

void Model::plan_faults() {
  const Hardship& hardship = config_.hardship;
  std::vector<FaultKind> kinds;
  if (hardship.cuts) {
    kinds.insert(kinds.end(),
                 {FaultKind::cut, FaultKind::cut_one_way, FaultKind::part, FaultKind::lone, FaultKind::flap});
  }
  if (hardship.restarts) {
    kinds.insert(kinds.end(),
                 {FaultKind::crash, FaultKind::crash, FaultKind::storm, FaultKind::rolling, FaultKind::leave});
  }
  if (hardship.pauses) kinds.push_back(FaultKind::pause);
  const auto count = random_.between(std::int64_t{hardship.faults_min}, std::int64_t{hardship.faults_max});
  for (std::int64_t i = 0; i < count; ++i) {
    const Duration from = random_.between(Duration{1'000'000}, hardship.during);
    // Most are short against detection and lease, or a little longer; some last.
    const Duration lasts = random_.chance(300'000) ? random_.between(Duration{10'000}, Duration{1'000'000})
                                                   : random_.between(Duration{500'000}, Duration{7'000'000});
    plan(kinds[random_.below(kinds.size())], from, from + lasts);
    ++result_.faults;
  }
}

void Model::plan(FaultKind kind, Duration from, Duration until) {
  const auto n = static_cast<std::uint64_t>(nodes_.size());
  Fault fault{kind, true, static_cast<Place>(random_.below(n)), static_cast<Place>(random_.below(n)), {}, false, until};
  if (n > 1 && fault.a == fault.b) fault.b = static_cast<Place>((fault.a + 1) % n);
  for (std::uint64_t i = 0; i < n; ++i) {
    if (random_.chance(500'000)) fault.side.add(static_cast<Place>(i));
  }
  if (kind == FaultKind::lone) fault.side = MemberSet::only(fault.a);
  fault.wipe = random_.chance(config_.hardship.wipes_ppm);
  const auto add = [this](Fault what, Duration at) {
    faults_.push_back(std::move(what));
    push({at, 0, What::fault, 0, 0, 0, nullptr, faults_.size() - 1});
    last_fault_ = std::max(last_fault_, at);
  };
  if (kind == FaultKind::flap) {
    for (Duration at = from; at < until;) {
      fault.kind = FaultKind::cut;
      fault.begins = true;
      add(fault, at);
      at += random_.between(Duration{50'000}, Duration{1'500'000});
      fault.begins = false;
      add(fault, at);
      at += random_.between(Duration{50'000}, Duration{1'500'000});
    }
    return;
  }
  if (kind == FaultKind::rolling || kind == FaultKind::storm) {
    Duration at = from;
    fault.kind = FaultKind::crash;
    for (std::uint64_t i = 0; i < n; ++i) {
      if (kind == FaultKind::storm && !fault.side.has(static_cast<Place>(i))) continue;
      fault.a = static_cast<Place>(i);
      const Duration down = random_.between(Duration{20'000}, Duration{2'000'000});
      fault.begins = true;
      add(fault, at);
      fault.begins = false;
      add(fault, at + down);
      at += kind == FaultKind::rolling ? down + random_.between(Duration::zero(), Duration{3'000'000})
                                       : random_.between(Duration::zero(), Duration{100'000});
    }
    return;
  }
  add(fault, from);
  fault.begins = false;
  add(fault, until);
}

void Model::fault(const Fault& fault) {
  switch (fault.kind) {
    case FaultKind::cut:
      cut_both(fault.a, fault.b, fault.begins);
      break;
    case FaultKind::cut_one_way:
      cut(fault.a, fault.b, fault.begins);
      break;
    case FaultKind::part:
    case FaultKind::lone:
      for (std::size_t i = 0; i < nodes_.size(); ++i) {
        for (std::size_t j = 0; j < nodes_.size(); ++j) {
          const bool apart = fault.side.has(static_cast<Place>(i)) != fault.side.has(static_cast<Place>(j));
          if (apart) cut(static_cast<Place>(i), static_cast<Place>(j), fault.begins);
        }
      }
      break;
    case FaultKind::crash:
    case FaultKind::leave:
      if (fault.kind == FaultKind::leave && fault.begins) {
        leave(fault.a);
        break;
      }
      if (alive(fault.a)) {
        if (fault.begins || fault.kind == FaultKind::leave) crash(fault.a, fault.wipe);
      }
      if (!fault.begins && !alive(fault.a)) restart(fault.a);
      break;
    case FaultKind::pause:
      if (fault.begins && alive(fault.a)) pause(fault.a, fault.until);
      break;
    case FaultKind::flap:
    case FaultKind::storm:
    case FaultKind::rolling:
      break;  // planned as many
  }
}

}  // namespace hawser::model
