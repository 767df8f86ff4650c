// What a transport shares with the runtime that made it. The runtime owns all of it and outlives its transports.
#pragma once

#include <boost/asio/io_context.hpp>

#include <memory>

namespace hawser {

class LoopThread;
class NameLookup;
class Scheduler;
class ZmqContext;

struct ZmqServices {
  boost::asio::io_context& io;
  LoopThread& loop;
  Scheduler& scheduler;
  NameLookup& names;
  std::shared_ptr<ZmqContext> context;
};

}  // namespace hawser
