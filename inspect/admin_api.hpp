// What the admin endpoints answer: questions in, answers out, no sockets.
//
// Reads only. Every error is JSON that says what to do. The Host header must name this machine as an address, as
// localhost, or by a configured name: otherwise any web page could make a browser read a node through a name of its
// own.
#pragma once

#include <hawser/base/time.hpp>
#include <hawser/interconnect/snapshot.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace hawser {

struct AdminQuestion {
  std::string method;  // GET
  std::string target;  // /api/v1/peers?peer=n2
  std::string host;    // of the Host header, with its port; empty: there was none, or several
};

struct AdminAnswer {
  unsigned status = 200;
  std::string_view content_type = "application/json";
  std::string body;
  std::string_view allow;  // of the Allow header; empty: none
};

class AdminApi {
 public:
  // `hosts`: names beside localhost that a Host header may have.
  explicit AdminApi(std::vector<std::string> hosts) : hosts_(std::move(hosts)) {}

  // What is wrong with a question, known without asking the node; nothing: it has an answer.
  std::optional<AdminAnswer> refuse(const AdminQuestion& question) const;
  // REQUIRES: refuse(question) had nothing to say.
  AdminAnswer answer(const AdminQuestion& question, const NodeSnapshot& snapshot) const;

  // What is said instead of an answer.
  static AdminAnswer loop_silent(Duration waited);
  static AdminAnswer header_too_large(std::size_t bytes_max);
  static AdminAnswer unreadable(std::string_view problem);
  static AdminAnswer too_busy();

 private:
  bool knows(std::string_view host) const;

  std::vector<std::string> hosts_;
};

}  // namespace hawser
