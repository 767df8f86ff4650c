// Everything a program that embeds a node needs: <hawser/hawser.hpp>.
#pragma once

#include <hawser/interconnect/config.hpp>
#include <hawser/interconnect/node.hpp>
#include <hawser/interconnect/zmq/zmq_runtime.hpp>

#include <boost/asio/io_context.hpp>
