// One request that may be made several times: it stands between its caller and the attempts, and waits between them.
//
// Belongs to the loop from its first attempt's end on. Invariant: the caller's completion is finished once, or dropped
// with the node.
#pragma once

#include <hawser/interconnect/completion.hpp>
#include <hawser/interconnect/peer.hpp>
#include <hawser/interconnect/request_retries.hpp>

#include <cstdint>
#include <memory>

namespace hawser {

class NodeCore;
class PeerCore;

class RetriedRequest : public std::enable_shared_from_this<RetriedRequest> {
 public:
  // REQUIRES: options.retries is set; ticket is not 0.
  RetriedRequest(NodeCore& node, std::shared_ptr<PeerCore> peer, EncodedMessage message, const RequestOptions& options,
                 Instant deadline, bool idempotent, std::uint64_t ticket, CompletionPtr completion);

  void attempt();
  // While it waits for the next attempt: it ends now, as `outcome`.
  void end(const Outcome& outcome);

 private:
  class Attempt;
  void ended(const Outcome& outcome, InboundBytes reply);

  NodeCore& node_;  // whose loop everything runs on, and whose timer holds this while it waits
  std::shared_ptr<PeerCore> peer_;
  EncodedMessage message_;
  RequestOptions options_;
  Instant deadline_;
  bool idempotent_;
  std::uint64_t ticket_;
  CompletionPtr completion_;
  RetryPolicy::Call call_;
  Instant began_{};
};

}  // namespace hawser
