// Burn: everything at once between every two nodes, with one verifier that follows each message through its life.
//
// After Cassandra's connection burn test. Notes, questions and parcels (some large enough to be cut) go in bursts on
// all lanes; handlers answer, fail, throw, stall; links are cut, jammed, delayed and reset, processes crash, stop and
// come back. A round ends at a quiet point: everything heals, and then every message must have had its one true
// outcome, the nodes' books must agree with the verifier's, and queues, buffers and descriptors must be back where they
// were.
#pragma once

#include <hawser/sim/books.hpp>
#include "pair.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace hawser::stories {

struct BurnOptions {
  std::uint64_t seed = 1;
  unsigned nodes = 3;
  unsigned troubles = 6;          // one after the other, per round
  Duration trouble_max{400'000};  // of one
  Duration lateness{5'000};       // of timers and turns; real loops need more
  bool descriptors = false;       // this process opens real ones
};

class Burn {
 public:
  // Begins the pair, whose members are its own.
  Burn(Pair& pair, const BurnOptions& options);

  void round();

  std::uint64_t messages() const noexcept { return books_.messages(); }
  std::uint64_t handled() const noexcept { return books_.handled_messages(); }
  // Told to senders so far, by kind.
  std::vector<std::uint64_t> outcomes() const;

 private:
  struct Steady {
    std::size_t buffers = 0;
    std::size_t descriptors = 0;
  };

  void app(Node& node);
  void handle_all(Node& node, const sim::RunId& run);
  void burst(Node& node, const sim::RunId& run);
  void send_note(Node& node, const sim::RunId& run, const std::string& to, Duration ttl);
  void send_parcel(Node& node, const sim::RunId& run, const std::string& to, Duration ttl, std::size_t bytes);
  void ask(Node& node, const sim::RunId& run, const std::string& to, Duration ttl);
  std::uint64_t enter(const sim::RunId& run, const std::string& to, const EncodedMessage& message, Duration ttl,
                      std::uint64_t number);
  void seen(std::uint64_t number, const sim::RunId& run, const Delivery& from);
  void trouble();
  void end_run(const std::string& name);
  void recover();
  void use_every_lane();
  void check_books();
  void check_steady();
  Steady measure() const;
  void verify();
  const std::string& any() { return names_[random_.below(names_.size())]; }
  std::string any_but(const std::string& name);
  sim::WorldTime now() const;

  Pair& pair_;
  BurnOptions options_;
  Random random_;
  std::vector<std::string> names_;
  std::map<std::string, sim::RunId> runs_;  // that live
  sim::Findings findings_;
  sim::Books books_{findings_};
  bool traffic_ = false;
  bool measured_ = false;
  Steady steady_;
};

}  // namespace hawser::stories
