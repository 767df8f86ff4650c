// Lint is a test. Each rule first has to object to text planted for it, and to leave good text alone; then it is held
// against the tree. The rules themselves are in tests/tidy/.
#include "tidy/rules.hpp"

#include <catch2/catch.hpp>

#include <algorithm>
#include <sstream>
#include <string>

using namespace hawser::tidy;

namespace {

const Tree& the_tree() {
  static const Tree tree = read_tree(HAWSER_SOURCE_DIR);
  return tree;
}

// One finding a line, as a compiler would print it, so that an editor can jump there.
std::string text_of(const Findings& findings) {
  std::ostringstream out;
  for (const Finding& finding : findings) out << finding.path << ':' << finding.line << ": " << finding.what << '\n';
  return out.str();
}

// What a rule says about one planted file.
template <typename Rule>
Findings on(Rule rule, std::string path, std::string text) {
  return rule(Tree{{std::move(path), std::move(text)}});
}

#define CHECK_TREE_AGAINST(rule) CHECK(text_of(rule(the_tree())) == "")

}  // namespace

TEST_CASE("the tree is found and holds the rooms") {
  const auto has = [](const std::string& path) {
    return std::any_of(the_tree().begin(), the_tree().end(), [&](const auto& file) { return file.path == path; });
  };
  CHECK(has("base/assert.cpp"));
  CHECK(has("interconnect/outcome.hpp"));
  CHECK(has("tests/tidy_test.cpp"));
  CHECK(has("run"));
  CHECK_FALSE(has("build/CMakeCache.txt"));
}

TEST_CASE("comments and literals are not code") {
  CHECK(code_of("a; // b\nc;") == "a;     \nc;");
  CHECK(code_of("a /* b\nc */ d") == "a     \n     d");
  CHECK(code_of(R"(f("x // y"); g)") == R"(f("      "); g)");
  CHECK(code_of(R"(f("\"", 'x'); g)") == R"(f("  ", ' '); g)");
  CHECK(code_of("R\"(a \" b)\" c") == "R\"       \" c");
  CHECK(code_of("1'000'000 + x") == "1'000'000 + x");
  CHECK(find_token("my_time(0) time(0)", "time(0)") == 11);
  CHECK(line_at("a\nb\nc", 4) == 3);
}

TEST_CASE("include arrows: a room knows only the rooms below it") {
  CHECK(on(include_arrows, "base/x.cpp", "#include <hawser/detector/phi_accrual.hpp>\n").size() == 1);
  CHECK(on(include_arrows, "detector/x.hpp", "#include <hawser/resilience/backoff.hpp>\n").size() == 1);
  CHECK(on(include_arrows, "interconnect/x.hpp", "#include <hawser/interconnect/zmq/zmq_runtime.hpp>\n").size() == 1);
  CHECK(on(include_arrows, "interconnect/isolation/x.hpp", "#include <hawser/sim/world.hpp>\n").size() == 1);
  CHECK(on(include_arrows, "sim/world.cpp", "#include <hawser/interconnect/zmq/zmq_socket.hpp>\n").size() == 1);
  CHECK(on(include_arrows, "sim/world.cpp", "#include <hawser/inspect/http_server.hpp>\n").size() == 1);
  CHECK(on(include_arrows, "inspect/json.cpp", "#include <hawser/hawser.hpp>\n").size() == 1);
  CHECK(on(include_arrows, "base/x.cpp", "#include \"y.hpp\"\n").size() == 1);

  CHECK(on(include_arrows, "sim/world.cpp", "#include <vector>\n#include <hawser/interconnect/node.hpp>\n").empty());
  CHECK(on(include_arrows, "interconnect/hawser.hpp", "#include <hawser/interconnect/zmq/zmq_runtime.hpp>\n").empty());
  CHECK(on(include_arrows, "tools/main.cpp", "#include <hawser/sim/world.hpp>\n#include \"terminal.hpp\"\n").empty());
  CHECK_TREE_AGAINST(include_arrows);
}

TEST_CASE("third-party headers stay where they are needed") {
  CHECK(on(third_party_places, "interconnect/lane.cpp", "#include <zmq.hpp>\n").size() == 1);
  CHECK(on(third_party_places, "sim/world.cpp", "#include <zmq.h>\n").size() == 1);
  CHECK(on(third_party_places, "sim/world.cpp", "#include <boost/asio/ip/tcp.hpp>\n").size() == 1);
  CHECK(on(third_party_places, "tools/x.cpp", "#include <boost/asio.hpp>\n").size() == 1);
  CHECK(on(third_party_places, "interconnect/channel.cpp", "#include <capnp/message.h>\n").size() == 1);
  CHECK(on(third_party_places, "interconnect/frame.hpp", "#include <wire.capnp.h>\n").size() == 1);
  CHECK(on(third_party_places, "interconnect/x.cpp", "#include <nlohmann/json.hpp>\n").size() == 1);
  CHECK(on(third_party_places, "sim/x.cpp", "#include <CLI/CLI.hpp>\n").size() == 1);
  CHECK(on(third_party_places, "detector/x.cpp", "#include <boost/asio/io_context.hpp>\n").size() == 1);
  CHECK(on(third_party_places, "resilience/x.cpp", "#include <unistd.h>\n").size() == 1);
  CHECK(on(third_party_places, "base/x.cpp", "#include <newlib/thing.hpp>\n").size() == 1);

  CHECK(on(third_party_places, "interconnect/zmq/zmq_socket.cpp", "#include <zmq.hpp>\n").empty());
  CHECK(on(third_party_places, "interconnect/frame.cpp", "#include <wire.capnp.h>\n#include <capnp/message.h>\n")
            .empty());
  CHECK(on(third_party_places, "inspect/json.cpp", "#include <nlohmann/json.hpp>\n#include <vector>\n").empty());
  CHECK_TREE_AGAINST(third_party_places);
}

TEST_CASE("TOML and Beast are each included by one file") {
  const std::string beast = "#include <boost/beast/http.hpp>\n";
  CHECK(one_file_libraries({{"inspect/a.cpp", beast}, {"inspect/b.cpp", beast}}).size() == 1);
  CHECK(one_file_libraries({{"interconnect/config.hpp", "#include <toml++/toml.h>\n"}}).size() == 1);
  CHECK(one_file_libraries({{"inspect/a.cpp", beast + beast}, {"tests/inspect/a_test.cpp", beast}}).empty());
  CHECK(one_file_libraries({{"inspect/a.cpp", beast}, {"examples/gateway/a.cpp", beast}}).empty());
  CHECK_TREE_AGAINST(one_file_libraries);
}

TEST_CASE("a source file includes its own header first") {
  const SourceFile header{"base/ring.hpp", ""};
  CHECK(own_header_first({header, {"base/ring.cpp", "#include <vector>\n#include <hawser/base/ring.hpp>\n"}}).size() ==
        1);
  CHECK(own_header_first({header, {"base/ring.cpp", "int x;\n"}}).size() == 1);
  CHECK(
      own_header_first({header, {"base/ring.cpp", "#include <hawser/base/ring.hpp>\n\n#include <vector>\n"}}).empty());
  CHECK_TREE_AGAINST(own_header_first);
}

TEST_CASE("includes stand in the order own, project, third party, standard") {
  CHECK(on(include_order, "base/x.hpp", "#include <vector>\n#include <hawser/base/time.hpp>\n").size() == 1);
  CHECK(on(include_order, "inspect/x.cpp", "#include <vector>\n#include <nlohmann/json.hpp>\n").size() == 1);
  CHECK(on(include_order, "inspect/x.cpp", "#include <nlohmann/json.hpp>\n#include <hawser/base/time.hpp>\n").size() ==
        1);
  CHECK(
      on(include_order, "inspect/x.cpp",
         "#include <hawser/base/time.hpp>\n\n#include <nlohmann/json.hpp>\n\n#include <unistd.h>\n#include <vector>\n")
          .empty());
  CHECK_TREE_AGAINST(include_order);
}

TEST_CASE("only the edge of the system reads a clock") {
  CHECK(on(clock_reads, "detector/x.cpp", "auto t = std::chrono::steady_clock::now();\n").size() == 1);
  CHECK(on(clock_reads, "sim/x.cpp", "auto t = std::chrono::system_clock::now();\n").size() == 1);
  CHECK(on(clock_reads, "tests/sim/x_test.cpp", "seed = time(nullptr);\n").size() == 1);
  CHECK(on(clock_reads, "interconnect/x.cpp", "clock_gettime(CLOCK_MONOTONIC, &t);\n").size() == 1);
  CHECK(on(clock_reads, "interconnect/zmq/asio_scheduler.cpp", "clock_gettime(CLOCK_BOOTTIME, &t);\n").empty());
  CHECK(on(clock_reads, "examples/lock/x.cpp", "auto t = std::chrono::steady_clock::now();\n").size() == 1);
  CHECK(on(clock_reads, "examples/pool/x.cpp", "auto t = std::chrono::steady_clock::now();\n").empty());
  CHECK(on(clock_reads, "detector/x.cpp", "f(\"system_clock\");  // not steady_clock::now\n").empty());
  CHECK_TREE_AGAINST(clock_reads);
}

TEST_CASE("no unordered container where its order could reach wire or trace") {
  CHECK(on(unordered_containers, "interconnect/node.hpp", "std::unordered_map<int, int> peers_;\n").size() == 1);
  CHECK(on(unordered_containers, "sim/world.hpp", "#include <unordered_set>\nstd::unordered_set<int> s;\n").size() ==
        1);
  CHECK(on(unordered_containers, "sim/world.hpp", "std::unordered_set<int> s;  // order never escapes\n").empty());
  CHECK(
      on(unordered_containers, "sim/world.hpp", "// Looked up only: order never escapes.\nstd::unordered_set<int> s;\n")
          .empty());
  CHECK(on(unordered_containers, "interconnect/zmq/x.hpp", "std::unordered_map<int, int> fds_;\n").empty());
  CHECK_TREE_AGAINST(unordered_containers);
}

TEST_CASE("randomness is ours, and its seed comes in as an argument") {
  CHECK(on(foreign_randomness, "sim/x.cpp", "std::uniform_int_distribution<int> d{0, 9};\n").size() == 1);
  CHECK(on(foreign_randomness, "tools/x.cpp", "std::shuffle(a, b, generator);\n").size() == 1);
  CHECK(on(foreign_randomness, "tests/x_test.cpp", "std::mt19937 generator{std::random_device{}()};\n").size() == 2);
  CHECK(on(foreign_randomness, "tools/x.cpp", "Random random{std::random_device{}()};\n").empty());
  CHECK_TREE_AGAINST(foreign_randomness);
}

TEST_CASE("tests wait for events and do not sleep") {
  CHECK(on(sleeps_in_tests, "tests/stories/x_test.cpp", "std::this_thread::sleep_for(1s);\n").size() == 1);
  CHECK(on(sleeps_in_tests, "tests/interconnect/x_test.cpp", "usleep(10);\n").size() == 1);
  CHECK(on(sleeps_in_tests, "tests/sim/x_test.cpp", "co_await node.sleep(1s);  // virtual\n").empty());
  CHECK(on(sleeps_in_tests, "tests/live/x_test.cpp", "std::this_thread::sleep_for(1s);\n").empty());
  CHECK_TREE_AGAINST(sleeps_in_tests);
}

TEST_CASE("pure cores own no thread and log nothing") {
  CHECK(on(threads_and_output_in_cores, "detector/x.cpp", "std::thread worker{run};\n").size() == 1);
  CHECK(on(threads_and_output_in_cores, "resilience/x.cpp", "std::cerr << 1;\n").size() == 1);
  CHECK(on(threads_and_output_in_cores, "tools/x.cpp", "std::cout << 1;\n").empty());
  CHECK_TREE_AGAINST(threads_and_output_in_cores);
}

TEST_CASE("nothing inside co_await that g++ 12 destroys twice") {
  const auto finds = [](std::string text) {
    return on(temporaries_in_co_await, "tests/x_test.cpp", std::move(text)).size();
  };
  CHECK(finds("co_await peer.send([this](auto& m) { m.go(); });") == 1);
  CHECK(finds("auto x = co_await run([&] { return 1; });") == 1);
  CHECK(finds("co_await peer.send(Envelope{\"n2\", text});") == 1);
  CHECK(finds("co_await peer.send(hello, {.group = std::string{\"a\"}});") == 1);
  CHECK(finds("co_await peer.send(\n    hello,\n    {name, 1});") == 1);

  CHECK(finds("co_await peer.send(hello, {.ttl = 2s});") == 0);
  CHECK(finds("co_await peer.request<Reply>(ask, RequestOptions{.timeout = limit});") == 0);
  CHECK(finds("co_await sleep(Duration{5}); auto later = [this] { go(); };") == 0);
  CHECK(finds("co_await run([] { Thing thing{\"x\"}; return thing; });") == 0);
  CHECK(finds("co_await values[index]; f({});") == 0);
  CHECK(finds("if (co_await ready()) { Thing thing{\"x\"}; }") == 0);
  CHECK(finds("// co_await run([&] {});") == 0);
  CHECK_TREE_AGAINST(temporaries_in_co_await);
}

TEST_CASE("every header is included once and opens with its intent") {
  CHECK(on(pragma_once, "base/x.hpp", "// A thing.\n").size() == 1);
  CHECK(on(pragma_once, "base/x.hpp", "// A thing.\n#pragma once\n").empty());
  CHECK_TREE_AGAINST(pragma_once);

  CHECK(on(headers_without_intent, "base/x.hpp", "#pragma once\n").size() == 1);
  CHECK(on(headers_without_intent, "base/x.hpp", "// A thing.\n//\n// It holds.\n#pragma once\n").empty());
  CHECK_TREE_AGAINST(headers_without_intent);
}

TEST_CASE("every message carries its id") {
  CHECK(on(messages_without_id, "tests/m.capnp", "struct A {\n}\n").size() == 1);
  CHECK(on(messages_without_id, "tests/m.capnp", "struct A @0xa1 {\n  x @0 :B;\n  struct B {\n  }\n}\nstruct C {}\n")
            .size() == 1);
  CHECK(on(messages_without_id, "tests/m.capnp", "# struct A {\nstruct A @0xa1 {\n}\n").empty());
  CHECK_TREE_AGAINST(messages_without_id);
}

TEST_CASE("no mark of unfinished work") {
  CHECK(on(unfinished_marks, "run",
           "# TO"
           "DO: later\n")
            .size() == 1);
  CHECK(on(unfinished_marks, "base/x.cpp",
           "// FIX"
           "ME\n")
            .size() == 1);
  CHECK(on(unfinished_marks, "base/x.cpp", "// a methodology\n").empty());
  CHECK_TREE_AGAINST(unfinished_marks);
}

TEST_CASE("functions are short") {
  const auto function_of = [](std::size_t lines) {
    std::string text = "void f() {\n";
    for (std::size_t i = 2; i < lines; ++i) text += "  g();\n";
    return text + "}\n";
  };
  CHECK(on(long_functions, "base/x.cpp", function_of(function_lines_max + 1)).size() == 1);
  CHECK(on(long_functions, "base/x.cpp", function_of(function_lines_max)).empty());
  CHECK_TREE_AGAINST(long_functions);
}

TEST_CASE("files are small") {
  const auto of_lines = [](std::size_t lines) {
    std::string text;
    for (std::size_t i = 0; i < lines; ++i) text += "x\n";
    return text;
  };
  Tree planted;
  for (std::size_t i = 1; i <= 10; ++i) planted.push_back({"base/x.cpp", of_lines(i * 10)});
  CHECK(file_sizes(planted).ninetieth == 90);
  CHECK(file_sizes(planted).median == 60);
  planted.push_back({"base/long.cpp", of_lines(lines_max + 1)});
  CHECK(file_sizes(planted).too_long.size() == 1);

  const FileSizes sizes = file_sizes(the_tree());
  WARN(sizes.files << " files: median " << sizes.median << " lines, nine in ten within " << sizes.ninetieth);
  CHECK(text_of(sizes.too_long) == "");
  CHECK(sizes.ninetieth <= lines_of_nine_in_ten_max);
}
