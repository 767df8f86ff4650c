// Endpoint: what is read as an address, what is refused and how, what counts as loopback.
#include <hawser/interconnect/endpoint.hpp>

#include <catch2/catch.hpp>

#include <string>

using namespace hawser;

TEST_CASE("endpoint: names, IPv4 and IPv6 addresses are read and written back") {
  const auto [text, host, port, written] = GENERATE(table<std::string, std::string, int, std::string>({
      {"127.0.0.1:7001", "127.0.0.1", 7001, "127.0.0.1:7001"},
      {"tcp://db-1.example:0", "db-1.example", 0, "db-1.example:0"},
      {"[::1]:65535", "::1", 65535, "[::1]:65535"},
      {"[fe80::1%eth0]:80", "fe80::1%eth0", 80, "[fe80::1%eth0]:80"},
  }));
  std::string problem;
  const auto endpoint = Endpoint::parse(text, problem);
  INFO(text << ' ' << problem);
  REQUIRE(endpoint);
  CHECK(endpoint->host == host);
  CHECK(endpoint->port == port);
  CHECK(endpoint->text() == written);
  CHECK(Endpoint::parse(endpoint->text(), problem) == endpoint);
}

TEST_CASE("endpoint: what is no address is refused with its reason and an example") {
  const auto [text, why] = GENERATE(table<std::string, std::string>({
      {"", "port is missing"},
      {"localhost", "port is missing"},
      {":80", "host is missing"},
      {"[]:80", "host is missing"},
      {"host:", "not a number"},
      {"host:80x", "not a number"},
      {"host:-1", "not a number"},
      {"host:65536", "at most 65535"},
      {"host:99999999999999", "not a number"},
      {"::1:80", "brackets"},
      {"ho st:80", "character"},
      {"a/b:80", "character"},
  }));
  std::string problem;
  INFO(text);
  CHECK_FALSE(Endpoint::parse(text, problem));
  CHECK(problem.find(why) != std::string::npos);
  CHECK(problem.find("127.0.0.1:7001") != std::string::npos);
  CHECK_FALSE(Endpoint::parse(std::string(254, 'a') + ":80", problem));
}

TEST_CASE("endpoint: only what cannot leave the machine is loopback") {
  for (const char* host : {"localhost", "::1", "127.0.0.1", "127.255.255.254"}) {
    INFO(host);
    CHECK(Endpoint{host, 1}.loopback());
  }
  for (const char* host : {"", "127.example.com", "127.1", "127.0.0", "127..0.1", "127.0.0.", "10.0.0.1", "1127.0.0.1",
                           "localhost.example.com", "0.0.0.0", "::"}) {
    INFO(host);
    CHECK_FALSE(Endpoint{host, 1}.loopback());
  }
}
