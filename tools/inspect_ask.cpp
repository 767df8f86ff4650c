#include "inspect_ask.hpp"

#include "exit_code.hpp"
#include <hawser/base/assert.hpp>
#include "http_get.hpp"
#include "inspect_fields.hpp"
#include "text.hpp"

#include <algorithm>
#include <thread>
#include <utility>

namespace hawser::tools {
namespace {

Answer understood(const Endpoint& from, HttpGot got) {
  Answer answer;
  answer.from = from;
  if (got.status == 0) {
    answer.problem = "nobody answers at " + from.text() + " (" + printable(got.problem) +
                     "): --at names what the node's file says in [admin] listen";
    return answer;
  }
  nlohmann::json said = nlohmann::json::parse(got.body, nullptr, false);
  if (!said.is_object() || number_at(said, "api") != 1) {
    answer.problem = "what answers at " + from.text() + " is no node of this version: --at names [admin] listen of one";
    return answer;
  }
  answer.status = got.status;
  if (got.status != 200) answer.problem = text_at(said, "message");
  if (got.status != 200 && answer.problem.empty()) answer.problem = "status " + std::to_string(got.status);
  answer.said = std::move(said);
  answer.body = std::move(got.body);
  return answer;
}

}  // namespace

int Answer::code() const noexcept {
  if (fine()) return exit_fine;
  return status == 0 ? exit_unreachable : exit_unhealthy;
}

Answer ask_one(const Endpoint& endpoint, const std::string& target, Duration most, int stop) {
  return understood(endpoint, http_get(endpoint, target, HttpPatience{most, http_get_bytes_max, stop}));
}

int highest_code(const std::vector<Answer>& answers) noexcept {
  int code = exit_fine;
  for (const Answer& answer : answers) code = std::max(code, answer.code());
  return code;
}

std::vector<std::vector<Answer>> ask_all(const std::vector<Endpoint>& endpoints,
                                         const std::vector<std::string>& targets, Duration most, int stop) {
  HAWSER_ASSERT(endpoints.size() <= endpoints_max, "a thread for each endpoint has a bound");
  std::vector<std::vector<Answer>> answers(targets.size(), std::vector<Answer>(endpoints.size()));
  const auto ask = [&](std::size_t at) {
    for (std::size_t target = 0; target < targets.size(); ++target) {
      const bool silent = target > 0 && answers[target - 1][at].status == 0;
      answers[target][at] = silent ? answers[target - 1][at] : ask_one(endpoints[at], targets[target], most, stop);
    }
  };
  if (endpoints.size() == 1) {
    ask(0);
    return answers;
  }
  std::vector<std::thread> askers;
  for (std::size_t at = 0; at < endpoints.size(); ++at) askers.emplace_back(ask, at);
  for (std::thread& asker : askers) asker.join();
  return answers;
}

std::vector<Answer> ask_all(const std::vector<Endpoint>& endpoints, const std::string& target, Duration most) {
  return std::move(ask_all(endpoints, std::vector<std::string>{target}, most).front());
}

}  // namespace hawser::tools
