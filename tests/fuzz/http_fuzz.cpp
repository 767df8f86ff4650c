// Any bytes that a client sends are answered properly or not at all, and how they were cut on their way changes
// nothing.
#include <hawser/inspect/http_replay.hpp>
#include "inspect/shown_node.hpp"

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <string>
#include <string_view>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using namespace hawser;

void demand(bool holds) {
  if (!holds) std::abort();
}

HttpServerOptions options_of_fuzzer() {
  HttpServerOptions options;
  options.header_bytes_max = 1024;  // the least, so that small inputs reach it
  options.site.hosts = {"n1.example"};
  options.site.writes = true;
  options.site.token = "0123456789abcdef";
  options.site.config = R"("keys":[])";
  return options;
}

std::string_view header_in(std::string_view head, std::string_view name) {
  const std::size_t at = head.find(name);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = head.substr(at + name.size());
  return rest.substr(0, rest.find("\r\n"));
}

void demand_proper(const std::string& answer) {
  const std::size_t end = answer.find("\r\n\r\n");
  demand(answer.starts_with("HTTP/1.1 ") && end != std::string::npos && end > 12);
  const std::string_view head = std::string_view{answer}.substr(0, end + 2);
  const std::string_view body = std::string_view{answer}.substr(end + 4);
  const int status = std::atoi(answer.c_str() + 9);
  demand(status == 200 || status == 400 || status == 401 || status == 403 || status == 404 || status == 405 ||
         status == 431 || status == 501 || status == 503);
  const std::string_view type = header_in(head, "Content-Type: ");
  demand(!type.empty() && header_in(head, "X-Content-Type-Options: ") == "nosniff");
  if (type.starts_with("text/event-stream")) return;
  demand(body.empty() || std::to_string(body.size()) == header_in(head, "Content-Length: "));
  demand((status == 405) == !header_in(head, "Allow: ").empty());
  demand((status == 401) == !header_in(head, "WWW-Authenticate: ").empty());
  if (type != "application/json" || body.empty()) return;
  const nlohmann::json said = nlohmann::json::parse(body, nullptr, false);
  demand(said.is_object() && said["api"] == 1);
  if (status >= 400 && said.contains("error")) demand(!said["message"].get<std::string>().empty());
}

bool complains(const std::string& answer) {
  return answer.starts_with("HTTP/1.1 400 ") || answer.starts_with("HTTP/1.1 431 ");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const HttpServerOptions options = options_of_fuzzer();
  static const NodeSnapshot node = test::shown_node();
  if (size == 0) return 0;
  const std::string_view bytes{reinterpret_cast<const char*>(data + 1), size - 1};
  const HttpReplay whole = replay_http(bytes, bytes.size() + 1, options, node);
  for (const std::string& answer : whole.answers) demand_proper(answer);
  const HttpReplay cut = replay_http(bytes, std::size_t{data[0]} + 1, options, node);
  demand(cut.answers.size() == whole.answers.size() && cut.at_rest == whole.at_rest);
  for (std::size_t at = 0; at < cut.answers.size(); ++at) {
    // Which of two mistakes is told of depends on what has come by then.
    const bool complaints = complains(cut.answers[at]) && complains(whole.answers[at]);
    demand(cut.answers[at] == whole.answers[at] || complaints);
  }
  return 0;
}
