// Who may ask for what, and what an order is.
#include <hawser/inspect/admin_api.hpp>
#include <hawser/interconnect/runtime.hpp>
#include "inspect/token_file.hpp"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include <string>
#include <utility>
#include <variant>

using namespace hawser;
using namespace hawser::test;
using nlohmann::json;

namespace {

const std::string right_token = "0123456789abcdef";

AdminApi api_with_writes(bool writes = true) { return AdminApi{AdminSite{{}, writes, right_token, {}}}; }

AdminQuestion order_of(const std::string& target) {
  AdminQuestion question;
  question.method = "POST";
  question.target = target;
  question.host = "127.0.0.1:9001";
  question.authorization = "Bearer " + right_token;
  return question;
}

// `word`: the error; empty where nothing is refused.
std::pair<unsigned, std::string> refused(const AdminApi& api, const AdminQuestion& question) {
  const AdminPlan plan = api.plan(question);
  const auto* const answer = std::get_if<AdminAnswer>(&plan);
  if (answer == nullptr) return {0, ""};
  return {answer->status, json::parse(answer->body)["error"].get<std::string>()};
}

AdminOrder given(const AdminApi& api, const AdminQuestion& question) {
  return std::get<AdminOrder>(api.plan(question));
}

using Refused = std::pair<unsigned, std::string>;

}  // namespace

TEST_CASE("orders: the right token asks for what there is") {
  const AdminApi api = api_with_writes();
  AdminQuestion question = order_of("/api/v1/actions/reset_breaker?peer=n2&type=Order");
  REQUIRE(refused(api, question) == Refused{0, ""});
  const AdminOrder order = given(api, question);
  CHECK(order.action == AdminAction::reset_breaker);
  CHECK(order.peer == NodeId{"n2"});
  CHECK(order.type == "Order");
  question.target = "/api/v1/actions/log_level?level=debug";
  REQUIRE(refused(api, question) == Refused{0, ""});
  CHECK(given(api, question).level == "debug");
  question.target = "/api/v1/actions/isolate";
  REQUIRE(refused(api, question) == Refused{0, ""});
  CHECK(given(api, question).action == AdminAction::isolate);
  question.origin = "http://127.0.0.1:9001";
  question.fetch_site = "same-origin";
  CHECK(refused(api, question) == Refused{0, ""});
  question.method = "GET";
  CHECK(refused(api, question) == Refused{405, "method_not_allowed"});
}

TEST_CASE("orders: nobody else gives any") {
  const AdminApi api = api_with_writes();
  const std::string isolate = "/api/v1/actions/isolate";
  CHECK(refused(api_with_writes(false), order_of(isolate)) == Refused{403, "writes_disabled"});
  AdminQuestion question = order_of(isolate);
  for (const std::string wrong : {"", "Bearer", "Bearer ", "Bearer 0123456789abcdeF", "Bearer 0123456789abcdef0",
                                  "Bearer 0123456789abcde", "Bearer 0123456789abcdef0123456789abcdef",
                                  "bearer 0123456789abcdef", "Basic 0123456789abcdef", "0123456789abcdef"}) {
    CAPTURE(wrong);
    question.authorization = wrong;
    CHECK(refused(api, question) == Refused{401, "wrong_token"});
  }
  question = order_of(isolate);
  for (const std::string origin : {"http://evil.example", "null", "http://127.0.0.1:9002", "http://127.0.0.1"}) {
    CAPTURE(origin);
    question.origin = origin;
    CHECK(refused(api, question) == Refused{403, "cross_origin"});
  }
  question = order_of(isolate);
  for (const std::string site : {"cross-site", "same-site"}) {
    question.fetch_site = site;
    CHECK(refused(api, question) == Refused{403, "cross_origin"});
  }
  question = order_of(isolate);
  question.host = "evil.example";
  CHECK(refused(api, question) == Refused{403, "wrong_host"});
  // Without a token nobody has it, an empty one least of all.
  const AdminApi without{AdminSite{{}, true, {}, {}}};
  question = order_of(isolate);
  question.authorization = "Bearer ";
  CHECK(refused(without, question) == Refused{401, "wrong_token"});
}

TEST_CASE("orders: what they need is said") {
  const AdminApi api = api_with_writes();
  for (const std::string target :
       {"reset_breaker", "reset_breaker?peer=", "reset_breaker?peer=N2", "reset_breaker?peer=n2&type=a%20b",
        "reset_breaker?peer=n2&peer=n3", "log_level", "log_level?level=", "reload?x=1", "isolate?peer=n2"}) {
    CAPTURE(target);
    CHECK(refused(api, order_of("/api/v1/actions/" + target)) == Refused{400, "bad_query"});
  }
  CHECK(refused(api, order_of("/api/v1/actions/explode")).first == 405);
}

TEST_CASE("orders: one character is enough to be another token") {
  for (std::size_t i = 0; i < right_token.size(); ++i) {
    std::string other = right_token;
    other[i] = static_cast<char>(other[i] ^ 1);
    CHECK_FALSE(same_token(other, right_token));
  }
  CHECK(same_token(right_token, right_token));
  CHECK_FALSE(same_token("", ""));
}

TEST_CASE("orders: a token is read from a file that others cannot read") {
  CHECK(read_token(TokenFile{"0123456789abcdef\nrest\n", 0600}.path()) == right_token);
  CHECK(read_token(TokenFile{"0123456789abcdef\r\n", 0400}.path()) == right_token);
  CHECK(read_token(TokenFile{std::string(256, 'x'), 0600}.path()).size() == 256);
  CHECK_THROWS_WITH(read_token("/nowhere/token"), Catch::Contains("admin.token_file /nowhere/token is no file"));
  CHECK_THROWS_WITH(read_token(TokenFile{right_token, 0640}.path()), Catch::Contains("chmod 600"));
  CHECK_THROWS_WITH(read_token(TokenFile{right_token, 0604}.path()), Catch::Contains("chmod 600"));
  for (const std::string& bad : {std::string{}, std::string{"short\n"}, std::string(257, 'x'),
                                 std::string{"0123456789 abcdef\n"}, std::string{"\n0123456789abcdef\n"}}) {
    CHECK_THROWS_WITH(read_token(TokenFile{bad, 0600}.path()), Catch::Contains("16 to 256 characters"));
  }
}
