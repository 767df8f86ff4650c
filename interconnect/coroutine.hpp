// Coroutines of user code: Task<T> is Asio's awaitable, spawn starts one on a node's loop.
//
// Known trap of g++ 12 (clang is fine): inside a co_await expression a braced aggregate with a non-trivial member, or a
// capturing lambda, written inline, is destroyed twice. Give it a name first. The option structs of this library are
// trivially destructible, so `co_await peer.send(hello, {.ttl = 2s})` is safe.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace hawser {

template <typename T = void>
using Task = boost::asio::awaitable<T>;

}  // namespace hawser
