// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/channel_load.hpp"
#include "cli/bench/epoll_echo.hpp"
#include "cli/bench/node_load.hpp"
#include "cli/bench/udp_echo.hpp"
#include "cli/bench/udp_load.hpp"
#include "cli/bench/wire_load.hpp"
#include "runtime/core/standard_descriptors.hpp"

#include <boost/program_options.hpp>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <sstream>

namespace po = boost::program_options;
using namespace ockam::bench;

namespace {

constexpr const char* usage =
  "Usage: ockam-bench tcp --to HOST:PORT [OPTIONS]   keep messages under way to a node and count replies\n"
  "       ockam-bench udp --to HOST:PORT [OPTIONS]   do the same over UDP\n"
  "       ockam-bench node [OPTIONS]                 do the same from a worker inside a node of this process\n"
  "       ockam-bench channels --to HOST:PORT [OPTIONS]  make secure channels from a node of this process\n"
  "       ockam-bench echo-server                    run a minimal epoll echo, the raw baseline\n"
  "       ockam-bench udp-echo-server                run one for datagrams\n\n";

std::vector<std::string> split_route(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream names{text};
  for (std::string name; std::getline(names, name, ',');)
    out.push_back(name);
  return out;
}

int fail(const std::string& error) {
  std::fprintf(stderr, "ockam-bench: %s\n", error.c_str());
  return 1;
}

/// False: it was asked for help, and has printed it.
bool are_read(int argc, char** argv, const po::options_description& d) {
  po::variables_map vm;
  po::store(po::parse_command_line(argc, argv, d), vm);
  if (vm.contains("help")) {
    std::cout << usage << d;
    return false;
  }
  po::notify(vm);
  return true;
}

int run_load(int argc, char** argv, load_result (*run)(const load_options&)) {
  load_options o;
  std::string to, route = "echo", output = "plain";
  po::options_description d{"Options"};
  d.add_options()("to", po::value(&to)->required(), "IPv4 address and port of a node")
    ("route", po::value(&route)->default_value(route), "workers, separated by commas")
    ("bytes", po::value(&o.bytes)->default_value(o.bytes), "payload")
    ("connections", po::value(&o.connections)->default_value(o.connections), "connections")
    ("in-flight", po::value(&o.in_flight)->default_value(o.in_flight), "messages under way on each")
    ("seconds", po::value(&o.seconds)->default_value(o.seconds), "how long to count")
    ("warmup", po::value(&o.warmup)->default_value(o.warmup), "seconds before that")
    ("raw", po::bool_switch(&o.raw), "the other side is the echo-server")
    ("output", po::value(&output)->default_value(output), "plain or json")("help,h", "print this");
  if (!are_read(argc, argv, d))
    return 0;
  auto colon = to.rfind(':');
  if (colon == std::string::npos || o.connections == 0 || o.in_flight == 0)
    throw po::error{"--to takes HOST:PORT; --connections and --in-flight are at least 1"};
  o.host = to.substr(0, colon);
  o.port = static_cast<std::uint16_t>(std::stoul(to.substr(colon + 1)));
  o.route = split_route(route);
  auto r = run(o);
  if (!r.error.empty())
    return fail(r.error);
  if (output == "json")
    std::cout << nlohmann::json{{"replies", r.replies}, {"seconds", r.seconds}, {"per_second", r.per_second},
                                {"megabytes_per_second", r.megabytes_per_second}, {"p50_us", r.p50_us},
                                {"p99_us", r.p99_us}, {"p999_us", r.p999_us}, {"lost", r.lost}}.dump()
              << '\n';
  else
    std::printf("%.0f replies/s, %.1f MB/s each way; round trip p50 %.1f us, p99 %.1f us, p99.9 %.1f us; lost %lu\n",
                r.per_second, r.megabytes_per_second, r.p50_us, r.p99_us, r.p999_us, r.lost);
  return 0;
}

int run_node(int argc, char** argv) {
  node_load_options o;
  std::string route = "hop,echo", thread = "socket", output = "plain";
  std::vector<std::string> keys;
  po::options_description d{"Options of node"};
  d.add_options()("route", po::value(&route)->default_value(route), "workers, separated by commas")
    ("via", po::value(&o.via), "another node that they are on: TRANSPORT:ADDRESS, for example caf:127.0.0.1:5000")
    ("channel", po::value(&o.channel), "through a secure channel with this listener of that node, over TCP")
    ("key", po::value(&keys)->composing(), "KEY=VALUE of that connection, for example ca=ca.pem")
    ("thread", po::value(&thread)->default_value(thread), "where the sender runs: socket or pool")
    ("bytes", po::value(&o.bytes)->default_value(o.bytes), "payload, at least 1")
    ("in-flight", po::value(&o.in_flight)->default_value(o.in_flight), "messages under way")
    ("seconds", po::value(&o.seconds)->default_value(o.seconds), "how long to count")
    ("warmup", po::value(&o.warmup)->default_value(o.warmup), "seconds before that")
    ("output", po::value(&output)->default_value(output), "plain or json")("help,h", "print this");
  if (!are_read(argc, argv, d))
    return 0;
  if (o.bytes == 0 || o.in_flight == 0 || (thread != "socket" && thread != "pool"))
    throw po::error{"--bytes and --in-flight are at least 1; --thread is socket or pool"};
  if (!o.channel.empty() && !o.via.starts_with("tcp:"))
    throw po::error{"--channel goes with --via tcp:HOST:PORT"};
  for (const auto& k : keys)
    o.keys[k.substr(0, k.find('='))] = k.substr(std::min(k.size(), k.find('=') + 1));
  o.on_pool = thread == "pool";
  o.route = split_route(route);
  auto r = run_node_load(o);
  if (!r.error.empty())
    return fail(r.error);
  if (output == "json")
    std::cout << nlohmann::json{{"per_second", r.per_second}}.dump() << '\n';
  else
    std::printf("%.0f replies/s\n", r.per_second);
  return 0;
}

void print_channels(const channel_load_result& r) {
  std::cout << nlohmann::json{{"up", r.up}, {"seconds", r.seconds}, {"p50_ms", r.p50_ms}, {"p99_ms", r.p99_ms},
                              {"own_kib_each", r.own_kib_each}}.dump()
            << std::endl;
}

int run_channels(int argc, char** argv) {
  channel_load_options o;
  std::string output;
  po::options_description d{"Options of channels"};
  d.add_options()("to", po::value(&o.to)->required(), "IPv4 address and port of a node")
    ("listener", po::value(&o.listener)->default_value(o.listener), "its listener of secure channels")
    ("count", po::value(&o.count)->default_value(o.count), "channels in all")
    ("at-once", po::value(&o.at_once)->default_value(o.at_once), "handshakes under way at one time")
    ("keep", po::bool_switch(&o.keep), "keep them until the end of standard input")
    ("output", po::value(&output), "json, which it always is")("help,h", "print this");
  if (!are_read(argc, argv, d))
    return 0;
  if (o.count == 0 || o.at_once == 0 || o.to.find(':') == std::string::npos)
    throw po::error{"--to takes HOST:PORT; --count and --at-once are at least 1"};
  auto r = run_channel_load(o, &print_channels);
  return r.error.empty() ? 0 : fail(r.error);
}

} // namespace

int main(int argc, char** argv) {
  if (!ockam::reserve_standard_descriptors())
    return 70;
  std::string_view mode = argc > 1 ? argv[1] : "";
  try {
    if (mode == "echo-server")
      return run_epoll_echo();
    if (mode == "udp-echo-server")
      return run_udp_echo();
    if (mode == "tcp")
      return run_load(argc - 1, argv + 1, &run_wire_load);
    if (mode == "udp")
      return run_load(argc - 1, argv + 1, &run_udp_load);
    if (mode == "node")
      return run_node(argc - 1, argv + 1);
    if (mode == "channels")
      return run_channels(argc - 1, argv + 1);
  } catch (const std::exception& e) {
    std::fprintf(stderr, "ockam-bench: %s\n", e.what());
    return 64;
  }
  std::fputs(usage, mode == "--help" ? stdout : stderr);
  return mode == "--help" ? 0 : 64;
}
