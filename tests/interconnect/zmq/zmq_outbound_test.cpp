// Dials that come to nothing: each is told once, with its cause, and soon.
#include "raw_tcp.hpp"
#include "real_loop.hpp"

#include <sys/resource.h>

using namespace hawser;
using namespace std::chrono_literals;

namespace {

// While it lives this process may open only `spare` more descriptors.
class FewDescriptors {
 public:
  explicit FewDescriptors(std::size_t spare) {
    getrlimit(RLIMIT_NOFILE, &before_);
    // The highest number in use decides, not the count.
    const int highest = ::dup(0);
    rlimit few = before_;
    few.rlim_cur = static_cast<rlim_t>(highest) + spare;
    ::close(highest);
    setrlimit(RLIMIT_NOFILE, &few);
  }
  ~FewDescriptors() { setrlimit(RLIMIT_NOFILE, &before_); }
  FewDescriptors(const FewDescriptors&) = delete;
  FewDescriptors& operator=(const FewDescriptors&) = delete;

 private:
  rlimit before_{};
};

}  // namespace

TEST_CASE("a refused dial is told fast, with its cause") {
  RealLoop loop;
  Station n1{loop, "n1"};
  Endpoint nobody;
  {
    const MuteListener gone{1};
    nobody = gone.at();
  }
  const LinkId link = n1.dial(nobody);
  CHECK(n1.downs.empty());  // never from inside the call
  REQUIRE(loop.until([&] { return n1.downs.count(link) == 1; }, 400ms));
  CHECK(n1.downs.at(link).why == LinkFailure::connect_refused);
  CHECK_THAT(n1.downs.at(link).detail, Catch::Contains(nobody.text()));
  CHECK(n1.ups.empty());
  CHECK(n1.turns > 0);
  CHECK(n1.send(link, "x") == SendResult::down);
}

TEST_CASE("a dial into silence ends after the connect timeout") {
  RealLoop loop;
  Station n1{loop, "n1"};
  n1.config.connect_timeout = Duration{300'000};
  MuteListener silence{0};
  silence.fill();
  const Instant began = loop.runtime.scheduler().now();
  const LinkId link = n1.dial(silence.at());
  REQUIRE(loop.until([&] { return n1.downs.count(link) == 1; }));
  CHECK(n1.downs.at(link).why == LinkFailure::connect_timeout);
  CHECK(loop.runtime.scheduler().now() - began >= Duration{300'000});
}

TEST_CASE("a listener that accepts and says nothing is silent, it does not fail the handshake") {
  RealLoop loop;
  Station n1{loop, "n1"};
  n1.config.handshake_timeout = Duration{250'000};
  const MuteListener mute{8};
  const LinkId link = n1.dial(mute.at());
  REQUIRE(loop.until([&] { return n1.downs.count(link) == 1; }));
  CHECK(n1.downs.at(link).why == LinkFailure::handshake_timeout);
  CHECK(n1.ups.empty());
}

TEST_CASE("a name that does not resolve fails alone, while other links carry on") {
  RealLoop loop;
  Station n1{loop, "n1"};
  Station n2{loop, "n2"};
  const LinkId good = n1.join(n2.listen());
  const LinkId bad = n1.dial({"no-such-host.invalid", 7001});
  n1.send(good, "meanwhile");
  REQUIRE(loop.until([&] { return n2.frames() == 1; }));
  REQUIRE(loop.until([&] { return n1.downs.count(bad) == 1; }));
  CHECK(n1.downs.at(bad).why == LinkFailure::name_not_found);
  CHECK_THAT(n1.downs.at(bad).detail, Catch::Contains("no-such-host.invalid"));
  CHECK(n1.downs.size() == 1);
}

TEST_CASE("a name that resolves is dialled") {
  RealLoop loop;
  Station n1{loop, "n1"};
  Station n2{loop, "n2"};
  n2.listen();
  LinkId link = LinkId::none;
  // A name may have addresses on which nobody listens; dials take turns through them.
  REQUIRE(loop.until([&] {
    if (link == LinkId::none || n1.downs.count(link) == 1) link = n1.dial({"localhost", n2.at.port});
    return n1.ups[link] == 1;
  }));
}

TEST_CASE("a link that was hung up before it stood is never heard of again") {
  RealLoop loop;
  Station n1{loop, "n1"};
  Station n2{loop, "n2"};
  n2.listen();
  for (int i = 0; i < 20; ++i) {
    const LinkId link = n1.dial(i % 2 == 0 ? n2.at : Endpoint{"localhost", n2.at.port});
    if (i % 3 == 0) loop.io.poll();
    n1.transport->hang_up(link);
    loop.io.restart();
  }
  loop.run_for(300ms);
  CHECK(n1.downs.empty());
  REQUIRE(loop.until([&] { return n2.transport->stats().connections_open == 0; }));
}

TEST_CASE("without descriptors a dial fails as such, nothing stops, and it works again once there are some") {
  RealLoop loop;
  Station n1{loop, "n1"};
  Station n2{loop, "n2"};
  const LinkId old_link = n1.join(n2.listen());
  for (const std::size_t spare : {0u, 1u, 3u, 5u, 7u}) {
    LinkId link = LinkId::none;
    {
      const FewDescriptors few{spare};
      link = n1.dial(n2.at);
      REQUIRE(loop.until([&] { return n1.downs.count(link) == 1; }));
    }
    CHECK(n1.downs.at(link).why == LinkFailure::no_descriptors);
  }
  {
    // Enough for the dial, not for the other side to accept: no crash, told within the time limits.
    const FewDescriptors few{9};
    const LinkId link = n1.dial(n2.at);
    const LinkId second = n1.dial(n2.at);
    REQUIRE(loop.until([&] {
      return (n1.ups.count(link) + n1.downs.count(link) > 0) && (n1.ups.count(second) + n1.downs.count(second) > 0);
    }));
    n1.send(old_link, "established links go on");
    REQUIRE(loop.until([&] { return n2.frames() == 1; }));
  }
  n1.join(n2.at);
  CHECK(n1.downs.count(old_link) == 0);
}

TEST_CASE("when the other process ends, the link is told closed once") {
  RealLoop loop;
  Station n1{loop, "n1"};
  auto n2 = std::make_unique<Station>(loop, "n2");
  const LinkId link = n1.join(n2->listen());
  n2.reset();
  REQUIRE(loop.until([&] { return n1.downs.count(link) == 1; }));
  CHECK(n1.downs.at(link).why == LinkFailure::closed_by_peer);
  loop.run_for(100ms);
  CHECK(n1.downs.size() == 1);
}

TEST_CASE("nothing queued for a dead peer reaches whoever takes its address") {
  RealLoop loop;
  Station n1{loop, "n1"};
  auto n2 = std::make_unique<Station>(loop, "n2");
  const LinkId link = n1.join(n2->listen());
  const Endpoint at = n2->at;
  n2.reset();
  // Before the loss is known, ZeroMQ may still take frames.
  for (int i = 0; i < 50; ++i) n1.send(link, "for the dead");
  Station stranger{loop, "n2"};
  stranger.start();
  REQUIRE(loop.until([&] {
    try {
      return stranger.transport->listen(at) == at;
    } catch (const StartError&) {
      return false;
    }
  }));
  REQUIRE(loop.until([&] { return n1.downs.count(link) == 1; }));
  loop.run_for(200ms);
  CHECK(stranger.frames() == 0);
}
