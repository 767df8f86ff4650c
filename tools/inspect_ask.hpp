// One question to the admin endpoints of several nodes at once, and what each of them said.
//
// Whoever does not answer is an answer too: nobody is left out. What comes back is from elsewhere, and anything may be
// in it but text that is no JSON object of this API.
#pragma once

#include <hawser/base/time.hpp>
#include <hawser/interconnect/endpoint.hpp>

#include <nlohmann/json.hpp>

#include <string>
#include <vector>

namespace hawser::tools {

inline constexpr std::size_t endpoints_max = 64;

struct Answer {
  Endpoint from;
  int status = 0;  // of HTTP; 0: nobody answered, or a stranger
  nlohmann::json said = nullptr;
  std::string body;     // as it came
  std::string problem;  // why there is nothing to show, with what to do; empty: there is

  bool fine() const noexcept { return problem.empty(); }
  // Of the `ExitCode`s.
  int code() const noexcept;
};

// By target, then in the order of the endpoints. The targets are asked one after the other, the endpoints all at once;
// who is silent to one question is not asked the next. `stop`: a descriptor; it is given up once that can be read.
// REQUIRES: at most `endpoints_max` of them.
std::vector<std::vector<Answer>> ask_all(const std::vector<Endpoint>& endpoints,
                                         const std::vector<std::string>& targets, Duration most, int stop = -1);
// In the order of the endpoints. REQUIRES: at most `endpoints_max` of them.
std::vector<Answer> ask_all(const std::vector<Endpoint>& endpoints, const std::string& target, Duration most);
Answer ask_one(const Endpoint& endpoint, const std::string& target, Duration most, int stop = -1);
// Of the `ExitCode`s: the highest.
int highest_code(const std::vector<Answer>& answers) noexcept;

}  // namespace hawser::tools
