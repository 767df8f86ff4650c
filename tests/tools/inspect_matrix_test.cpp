#include "inspect_show.hpp"
#include "looked.hpp"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

using namespace hawser;
using namespace hawser::tools;
using hawser::test::answer_of;

namespace {

std::string matrix_text(const std::vector<Answer>& answers) {
  const Terminal terminal{stdout, false, false, 200};
  std::string text;
  for (const std::string& line : matrix_lines(answers, terminal)) text += line + "\n";
  return text;
}

const std::string by_n1 = R"({"api":1,"node":"n1","taken_at_us":5000000,"nodes":["n1","n2"],
  "rows":[{"node":"n1","own":true,"said_at_us":5000000,"fresh":true,"hears":{"n2":"unreachable"}},
          {"node":"n2","own":false,"said_at_us":2000000,"fresh":false,"hears":{"n1":"up"}}],
  "cuts":[{"from":"n2","to":"n1","cause":"cut_inbound"}]})";
const std::string by_n2 = R"({"api":1,"node":"n2","taken_at_us":9000000,"nodes":["n1","n2"],
  "rows":[{"node":"n2","own":true,"said_at_us":9000000,"fresh":true,"hears":{"n1":"suspect"}}],"cuts":[]})";

}  // namespace

TEST_CASE("matrix: a row of a silent node is what it said last, and says so") {
  const std::string text = matrix_text({answer_of(by_n1)});
  CHECK(text.find("silent since, said to n1 3.0 s ago") != std::string::npos);
  CHECK(text.find("cut") != std::string::npos);
  CHECK(text.find("! what n2 sends does not reach n1 (cut_inbound, by the word of n1)") != std::string::npos);
}

TEST_CASE("matrix: a node's own word goes over what others heard from it") {
  const std::string text = matrix_text({answer_of(by_n1), answer_of(by_n2)});
  CHECK(text.find("silent since") == std::string::npos);
  CHECK(text.find("suspect") != std::string::npos);
}
