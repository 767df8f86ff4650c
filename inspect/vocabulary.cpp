#include <hawser/inspect/vocabulary.hpp>

#include <algorithm>
#include <array>

namespace hawser {
namespace {

constexpr std::array words{
    // Why a peer is connecting, up, suspect or unreachable.
    WordMeaning{"peer", "starting", "nothing was tried yet", "", LogLevel::info},
    WordMeaning{"peer", "session_open", "both sides agreed on a session", "", LogLevel::info},
    WordMeaning{"peer", "recovered", "it answers again", "", LogLevel::info},
    WordMeaning{"peer", "silent", "nothing comes from it",
                "See whether its process runs and its host answers; then look at the network between the two."},
    WordMeaning{"peer", "cut_outbound", "we hear it, and it does not answer what we send",
                "Look at the way from here to it: a firewall rule or a route of one direction."},
    WordMeaning{"peer", "cut_inbound", "we do not hear it, and others do",
                "Look at the way from it to here: a firewall rule or a route of one direction."},
    WordMeaning{"peer", "never_heard", "there has been no session with it since this node began to look",
                "Start it, or correct its address in [peers]."},
    WordMeaning{"peer", "connect_refused", "its host answers, and nothing listens at the port",
                "Start its process, or correct the port in [peers] here or `listen` there."},
    WordMeaning{"peer", "connect_timeout", "nobody answers at its address",
                "See whether its host is up and reachable; correct its address in [peers]."},
    WordMeaning{"peer", "name_not_found", "its name has no address",
                "Correct the name in [peers], or the name service."},
    WordMeaning{"peer", "handshake_failed", "what listens there does not speak the protocol",
                "See what process listens at that port."},
    WordMeaning{"peer", "handshake_timeout", "what listens there takes connections and says nothing",
                "See whether that process is stopped or stuck."},
    WordMeaning{"peer", "authentication_failed", "it is not who it says it is", "Compare the keys of both sides."},
    WordMeaning{"peer", "refused_by_peer", "it turns us away",
                "Its word is in the detail and among the refusals below: most often a setting differs."},
    WordMeaning{"peer", "connection_lost", "its connection ended",
                "If it does not come back, see whether its process runs."},
    WordMeaning{"peer", "closed_by_peer", "the other end closed the connection",
                "If it does not come back, see whether its process runs and what it says."},
    WordMeaning{"peer", "no_descriptors", "this process may open no more files",
                "Raise the limit of open files here (ulimit -n), and see who holds them."},
    WordMeaning{"peer", "peer_stopped", "it stopped on purpose", "Start it again when it should run."},
    WordMeaning{"peer", "peer_restarted", "another incarnation of it answers", "", LogLevel::info},

    // Why a connection (a lane) is idle, waiting, dialling, greeting or open; the failures are those of peers, too.
    WordMeaning{"connection", "unused", "nobody needed it yet", ""},
    WordMeaning{"connection", "idle", "nobody used it for reconnect.lane_idle", ""},
    WordMeaning{"connection", "wanted", "it is about to be dialled", ""},
    WordMeaning{"connection", "dialling", "the transport tries", ""},
    WordMeaning{"connection", "hello_sent", "it is connected, and our hello is not answered yet", ""},
    WordMeaning{"connection", "welcomed", "the peer took us", ""},
    WordMeaning{"connection", "recovered", "what is sent on it arrives again", ""},
    WordMeaning{"connection", "cut_outbound", "nothing that is sent on it arrives, while the peer answers elsewhere",
                "Look for what treats connections differently: a firewall, a broken middle box, a full buffer."},
    WordMeaning{"connection", "cut_inbound", "the peer says that nothing it sends on it arrives here",
                "The same at this end."},
    WordMeaning{"connection", "no_welcome", "it was connected, and our hello was not answered",
                "See whether the peer is stuck, or whether something else listens there."},
    WordMeaning{"connection", "no_progress", "nothing on it was acknowledged in time",
                "See whether the peer is stuck or the network drops what is large."},
    WordMeaning{"connection", "silent", "it is open, and nothing is answered on it",
                "It is dialled again by itself; if that recurs, look at the network."},
    WordMeaning{"connection", "new_endpoint", "the peer's address was changed", ""},

    // What a node that turns another one away says.
    WordMeaning{"refusal", "wrong_cluster", "the two have different cluster names", "Make `cluster` equal."},
    WordMeaning{"refusal", "not_addressed", "somebody else listens at the address of that peer",
                "Correct the address in [peers]: another node has it."},
    WordMeaning{"refusal", "unknown_node", "the node that dials is none of its peers",
                "Add it to [peers] of the node that refuses."},
    WordMeaning{"refusal", "stale_incarnation", "a newer process with that id is known",
                "Stop the older of the two processes, or give it an id of its own."},
    WordMeaning{"refusal", "superseded", "another process with the same id has taken over",
                "Stop one of the two processes, or give it an id of its own."},
    WordMeaning{"refusal", "no_common_version", "the two speak no common version of the protocol",
                "Bring both to releases that do."},
    WordMeaning{"refusal", "config_mismatch", "settings that must be equal on all nodes differ",
                "Compare cluster, strategy, [isolation], clock_drift and bounds.message_bytes_max of the two files."},
    WordMeaning{"refusal", "identity_mismatch", "it names somebody else than its connection belongs to",
                "See who dials under a wrong id."},
    WordMeaning{"refusal", "malformed", "it broke the protocol", "See what process dials; if it is a node, report it."},
    WordMeaning{"refusal", "peer_removed", "the node was removed there while running",
                "Add it again where it refuses."},
    WordMeaning{"refusal", "stopping", "the node is stopping", ""},
    WordMeaning{"refusal", "too_many_connections", "it holds bounds.connections_max connections",
                "See who holds them, or raise the bound."},
    WordMeaning{"refusal", "own_id", "both have one id", "Give one of the two processes an id of its own."},
    WordMeaning{"refusal", "stale_session", "the hello was overtaken by a later session", ""},

    // Why a breaker is closed, open, half open or ramping.
    WordMeaning{"breaker", "started", "it never opened", ""},
    WordMeaning{"breaker", "consecutive_failures", "calls failed one after the other",
                "See why: the outcomes of that channel say how they ended."},
    WordMeaning{"breaker", "failure_count", "too many calls failed within the window",
                "See why: the outcomes of that channel say how they ended."},
    WordMeaning{"breaker", "failure_rate", "too large a part of the calls failed",
                "See why: the outcomes of that channel say how they ended."},
    WordMeaning{"breaker", "slow_rate", "too large a part of the calls was slow",
                "See why handlers at the peer are slow, or raise breaker.slow_limit."},
    WordMeaning{"breaker", "probe_failed", "a probe failed", "Wait: it probes again by itself. See why calls fail."},
    WordMeaning{"breaker", "probe_slow", "a probe was slow",
                "Wait: it probes again by itself. See why calls are slow."},
    WordMeaning{"breaker", "probes_answered", "its probes succeeded", "", LogLevel::info},
    WordMeaning{"breaker", "answered", "the peer answers heartbeats again", "", LogLevel::info},
    WordMeaning{"breaker", "open_elapsed", "it was open long enough, and lets a few calls probe", "", LogLevel::info},
    WordMeaning{"breaker", "ramped", "it has let all calls through again, step by step", "", LogLevel::info},
    WordMeaning{"breaker", "mode_changed", "somebody set it by hand", "Set it back when that is over."},
    WordMeaning{"breaker", "reset", "an operator closed it, and what it had learned is forgotten", "", LogLevel::info},
    WordMeaning{"breaker", "no_progress", "a connection was open and nothing on it was acknowledged in time",
                "See whether the peer is stuck or the network drops what is large."},
    WordMeaning{"breaker", "channels_open", "most channels to this peer are open",
                "See what they have in common at the peer."},

    // Why a node is joining, serving or isolated.
    WordMeaning{"stance", "starting", "nothing is decided yet", "", LogLevel::info},
    WordMeaning{"stance", "memory_lost", "its vote is forgotten, and it keeps still until older leases have ended",
                "Wait; set state_dir so that the next restart remembers."},
    WordMeaning{"stance", "asking", "it asks the others what it has forgotten",
                "See that a quorum, at a first start all members, can be reached."},
    WordMeaning{"stance", "no_view", "no view with it was granted yet",
                "See which members are unreachable: a quorum of voters is needed."},
    WordMeaning{"stance", "no_strategy", "no strategy is configured: every node always serves", "", LogLevel::info},
    WordMeaning{"stance", "joined", "it entered a view", "", LogLevel::info},
    WordMeaning{"stance", "continued", "it entered the next view", "", LogLevel::info},
    WordMeaning{"stance", "resumed", "its quorum answers again", "", LogLevel::info},
    WordMeaning{"stance", "lease_ended", "no quorum answered within the lease",
                "See which members are unreachable: without a quorum of voters it may not act."},
    WordMeaning{"stance", "superseded", "its quorum went on to a newer view",
                "Wait: it rejoins when its links are whole. If it does not, see which are not."},
    WordMeaning{"stance", "resigned", "it accepted a view without itself",
                "See which of its links is bad: it rejoins when all are whole."},
    WordMeaning{"stance", "leaving", "it stops on purpose", "", LogLevel::info},
    WordMeaning{"stance", "stopping", "it has been told to stop", ""},

    // How a node is by its own judgement; while it is not healthy it accuses nobody.
    WordMeaning{"itself", "healthy", "it runs on time", ""},
    WordMeaning{"itself", "late", "its loop runs late", "Move work off the loop, or give the process more processor."},
    WordMeaning{"itself", "stalled", "it stood still, and excuses everybody for that time",
                "Look for what stopped it: a pause of the machine, SIGSTOP, a handler that blocks."},
    WordMeaning{"itself", "peers_silent", "too many peers fell silent at once: that may be this node itself",
                "Look at this node's own network first."},

    // Kinds of events.
    WordMeaning{"event", "peer_state", "a peer has another state", ""},
    WordMeaning{"event", "gray", "a peer answers heartbeats and fails on real work, or that is over", ""},
    WordMeaning{"event", "breaker", "a breaker has another state", ""},
    WordMeaning{"event", "session", "a session began or ended", "", LogLevel::info},
    WordMeaning{"event", "lane", "a connection opened or was lost", "", LogLevel::debug},
    WordMeaning{"event", "refused", "somebody was turned away, here or by a peer", ""},
    WordMeaning{"event", "stance", "this node serves, or does not serve any more", ""},
    WordMeaning{"event", "view", "this node entered a view, or it is settled", "", LogLevel::info},
    WordMeaning{"event", "arbiter", "the arbiter answers, is silent, or cannot be used", ""},
    WordMeaning{"event", "node", "this node starts, stops, or its configuration changes", "", LogLevel::info},
    WordMeaning{"event", "stall", "this node stood still, or doubts itself", ""},
    WordMeaning{"event", "task", "user code threw an exception", "", LogLevel::error},
    WordMeaning{"event", "admin", "an operator asked for something; the text says what came of it", ""},
    WordMeaning{"event", "intake", "the intake turns more or less away: its guard, or the line of requests",
                "See what presses: full queues, a late loop, memory, or what the program depends on."},

    // Why requests are turned away from the line at the intake.
    WordMeaning{"intake", "admits", "nobody was turned away for a second", ""},
    WordMeaning{"intake", "queue_full", "the line is full of requests that are not less important",
                "More comes than can be done: see which type, and what its handlers wait for."},
    WordMeaning{"intake", "displaced", "a more important request took the place of one in the line", ""},
    WordMeaning{"intake", "pressure", "requests of that priority are not let in now", "See the level of the guard."},
    WordMeaning{"intake", "cannot_finish", "it would wait for more than half of its time",
                "Handlers are slow for what callers allow."},
    WordMeaning{"intake", "expired", "half of its time was over while it waited", ""},

    // Causes of events that are not the reason of a state.
    WordMeaning{"happening", "started", "node: it listens", "", LogLevel::info},
    WordMeaning{"happening", "memory_lost", "node: what it had stored cannot be read",
                "See whether state_dir is the right one and readable.", LogLevel::error},
    WordMeaning{"happening", "vote_not_stored", "node: a vote was withheld, since it could not be stored",
                "Make room in state_dir, or make it writable.", LogLevel::error},
    WordMeaning{"happening", "peer_added", "node: a peer was added while running", "", LogLevel::info},
    WordMeaning{"happening", "peer_removed", "node: a peer was removed while running", "", LogLevel::info},
    WordMeaning{"happening", "stopping", "node: it drains what is held", "", LogLevel::info},
    WordMeaning{"happening", "stopped", "node: all is ended", "", LogLevel::info},
    WordMeaning{"happening", "loop_late", "stall: the loop did not run", ""},
    WordMeaning{"happening", "peers_silent", "stall: at least half of the peers fell silent at once",
                "Look at this node's own network first."},
    WordMeaning{"happening", "exception", "task: what was thrown is in the text", "Mend the handler.", LogLevel::error},
    WordMeaning{"happening", "new_session", "session: the same process began anew", "", LogLevel::info},
    WordMeaning{"happening", "settled", "view: nobody serves in an older one any more", "", LogLevel::info},
    WordMeaning{"happening", "rejoined", "view: this node may have been out of it before", "", LogLevel::info},
    WordMeaning{"happening", "entered", "view: this node serves in it", "", LogLevel::info},
    WordMeaning{"happening", "answers", "arbiter: it answers", "", LogLevel::info},
    WordMeaning{"happening", "silent", "arbiter: it has not answered for four heartbeats",
                "See whether the arbiter runs and can be reached."},
    WordMeaning{"happening", "of_no_use", "arbiter: it says that it cannot decide; the text says why",
                "Mend the arbiter's configuration."},
};

struct Section {
  std::string_view subject;
  std::string_view title;
};

constexpr std::array<Section, 9> sections{{{"peer", "Why a peer is as it is"},
                                           {"connection", "Why a connection is as it is"},
                                           {"refusal", "Why a node is turned away"},
                                           {"breaker", "Why a breaker is as it is"},
                                           {"stance", "Why a node serves or does not"},
                                           {"itself", "How a node itself is"},
                                           {"intake", "Why requests are turned away, or let in"},
                                           {"event", "Kinds of events"},
                                           {"happening", "Causes of events that are no reason of a state"}}};

}  // namespace

std::span<const WordMeaning> vocabulary() { return words; }

const WordMeaning* find_word(std::string_view subject, std::string_view word) {
  const auto found = std::find_if(words.begin(), words.end(), [&](const WordMeaning& each) {
    return each.subject == subject && each.word == word;
  });
  return found == words.end() ? nullptr : &*found;
}

std::string vocabulary_markdown() {
  std::string text;
  for (const Section& section : sections) {
    text.append("\n### ").append(section.title).append("\n\n| word | means | what to do |\n|---|---|---|\n");
    for (const WordMeaning& each : words) {
      if (each.subject != section.subject) continue;
      text.append("| `").append(each.word).append("` | ").append(each.meaning).append(" | ");
      text.append(each.remedy).append(" |\n");
    }
  }
  return text + "\n";
}

}  // namespace hawser
