// What the admin endpoints answer: questions in, answers out, no sockets.
//
// Reads, and the few orders of admin_order.hpp. Every error is JSON that says what to do. The Host header must name
// this machine as an address, as localhost, or by a configured name: otherwise any web page could make a browser read a
// node through a name of its own.
#pragma once

#include <hawser/base/time.hpp>
#include <hawser/inspect/admin_order.hpp>
#include <hawser/inspect/admin_stats.hpp>
#include <hawser/inspect/admin_target.hpp>
#include <hawser/inspect/stream_feed.hpp>
#include <hawser/interconnect/snapshot.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace hawser {

struct AdminQuestion {
  std::string method;  // GET
  std::string target;  // /api/v1/peers?peer=n2
  std::string host;    // of the Host header, with its port; empty: there was none, or several
  std::string origin;  // of the headers of those names; empty: there was none
  std::string fetch_site;
  std::string authorization;
  std::string last_event_id;
};

struct AdminAnswer {
  unsigned status = 200;
  std::string_view content_type = "application/json";
  std::string body;
  std::string_view allow{};   // of the Allow header; empty: none
  std::string_view policy{};  // of the Content-Security-Policy header; empty: none
  bool wants_token = false;   // it says WWW-Authenticate
};

// What the endpoints know beside the node's snapshots.
struct AdminSite {
  std::vector<std::string> hosts;  // names beside localhost that a Host header may have
  bool writes = false;             // whether orders are taken
  std::string token;               // that orders need; empty: nobody has it
  std::string config;              // config_fields()
};

// A look at the node: which of its texts, and what of it.
struct AdminLook {
  AdminPath path = AdminPath::status;
  std::optional<NodeId> peer;  // only this one
  std::uint64_t since = 0;     // events numbered above it
};

// What is to be done about a question: this is the answer, known without asking the node (a refusal, or the page);
// a live stream from that place on; an order that may be given; or a look.
using AdminPlan = std::variant<AdminAnswer, StreamPlace, AdminOrder, AdminLook>;

class AdminApi {
 public:
  explicit AdminApi(AdminSite site) : site_(std::move(site)) {}

  void set_config(std::string fields) { site_.config = std::move(fields); }

  // What is to be done about a question. Its target is taken apart here and nowhere else.
  AdminPlan plan(const AdminQuestion& question) const;
  AdminAnswer answer(const AdminLook& look, const NodeSnapshot& snapshot, const HttpServerStats& stats) const;

  // What is said instead of an answer.
  static AdminAnswer loop_silent(Duration waited);
  static AdminAnswer header_too_large(std::size_t bytes_max);
  static AdminAnswer unreadable(std::string_view problem);
  static AdminAnswer too_busy();
  static AdminAnswer too_many_streams(std::size_t streams_max);
  static AdminAnswer order_result(const AdminOrder& order, const AdminResult& result);
  static AdminAnswer not_carried_out(const AdminOrder& order);  // the loop did not come to it, and will not
  static AdminAnswer under_way(const AdminOrder& order);        // it has begun, and how it ends is not known
  static AdminAnswer cannot(const AdminOrder& order);           // the program around the node does not know how

 private:
  bool knows(std::string_view host) const;
  // What is wrong with a question, known without asking the node; nothing: it has an answer.
  std::optional<AdminAnswer> refuse(const AdminQuestion& question, const AdminTarget& target) const;
  std::optional<AdminAnswer> forbid(const AdminQuestion& question) const;

  AdminSite site_;
};

}  // namespace hawser
