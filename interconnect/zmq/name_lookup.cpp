#include <hawser/interconnect/zmq/name_lookup.hpp>

#include <hawser/interconnect/runtime.hpp>

#include <boost/asio/ip/tcp.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <netdb.h>
#include <utility>

namespace hawser {
namespace {

constexpr std::size_t remembered_max = 4096;

}  // namespace

struct NameLookup::Core {
  explicit Core(boost::asio::io_context& io) : resolver(io) {}

  void remember(const std::string& host, const std::vector<std::string>& addresses) {
    if (known.size() >= remembered_max && known.find(host) == known.end()) known.erase(known.begin());
    known[host] = addresses;
  }

  boost::asio::ip::tcp::resolver resolver;
  std::map<std::string, std::vector<std::string>> known;
};

NameLookup::NameLookup(boost::asio::io_context& io) : core_(std::make_shared<Core>(io)) {}

NameLookup::~NameLookup() { core_->resolver.cancel(); }

bool NameLookup::numeric(const std::string& host) {
  boost::system::error_code error;
  boost::asio::ip::make_address(host, error);
  return !error;
}

std::string NameLookup::at_once(const std::string& host) {
  if (numeric(host)) return host;
  boost::asio::io_context io;
  boost::asio::ip::tcp::resolver resolver{io};
  boost::system::error_code error;
  const auto found = resolver.resolve(host, "", boost::asio::ip::resolver_base::passive, error);
  if (error || found.empty()) {
    throw StartError("the host '" + host + "' to listen on does not resolve (" + error.message() +
                     "); set `listen` to an address of this machine");
  }
  for (const auto& entry : found) {
    if (entry.endpoint().address().is_v4()) return entry.endpoint().address().to_string();
  }
  return found.begin()->endpoint().address().to_string();
}

void NameLookup::resolve(const std::string& host, Done done) {
  core_->resolver.async_resolve(
      host, "",
      [weak = std::weak_ptr<Core>{core_}, host, done = std::move(done)](
          const boost::system::error_code& error, const boost::asio::ip::tcp::resolver::results_type& found) mutable {
        const auto core = weak.lock();
        if (core == nullptr) return;
        std::vector<std::string> addresses;
        for (const auto& entry : found) addresses.push_back(entry.endpoint().address().to_string());
        std::stable_partition(addresses.begin(), addresses.end(),
                              [](const std::string& address) { return address.find(':') == std::string::npos; });
        if (!error && !addresses.empty()) core->remember(host, addresses);
        done(std::move(addresses), error ? error.message() : std::string{});
      });
}

std::vector<std::string> NameLookup::remembered(const std::string& host) const {
  const auto found = core_->known.find(host);
  return found == core_->known.end() ? std::vector<std::string>{} : found->second;
}

}  // namespace hawser
