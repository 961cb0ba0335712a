// SPDX-License-Identifier: Apache-2.0
// Runs schedules of the simulation: `simulate --help`. `dev/simulate` builds and calls it.
#include "runtime/core/log.hpp"
#include "simulate/schedule.hpp"

#include <boost/program_options.hpp>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <random>

namespace {

using namespace ockam::simulate;
namespace po = boost::program_options;

struct request {
  std::uint64_t seed = 1;
  std::uint64_t count = 1;
  double minutes = 0;
  bool trace = false;
  std::string expect;
  std::string commit;
  std::string only;
  options what;
};

bool read(int argc, char** argv, request& r) {
  po::options_description all{"Usage: simulate [options]\n\nRuns schedules of real nodes in a simulated network and checks what nodes promise.\n\nOptions"};
  all.add_options()("help", "this text")
    ("seed", po::value(&r.seed), "the first schedule (default: 1; with --minutes a random one)")
    ("schedules", po::value(&r.count), "how many, with seeds one after the other (default: 1)")
    ("minutes", po::value(&r.minutes), "as many as fit into this time")
    ("trace", po::bool_switch(&r.trace), "print what happens, and what nodes log")
    ("check", po::value<std::vector<std::string>>()->composing(), "check this invariant too; several: several options")
    ("only", po::value(&r.only), "check nothing but this invariant")
    ("expect", po::value(&r.expect), "succeed if this invariant is found broken, `any`: whichever")
    ("commit", po::value(&r.commit), "what is printed as the commit to replay from");
  po::variables_map given;
  po::store(po::parse_command_line(argc, argv, all), given);
  po::notify(given);
  if (given.contains("help")) {
    std::cout << all;
    std::cout << "\nInvariants:";
    for (auto name : invariant_names)
      std::cout << ' ' << name;
    std::cout << '\n';
    return false;
  }
  auto parsed = [](const std::string& name) {
    if (auto i = parse_invariant(name))
      return *i;
    throw po::error{"there is no invariant " + name};
  };
  if (!r.only.empty())
    r.what.checked = invariants{parsed(r.only)};
  if (given.contains("check"))
    for (const auto& name : given["check"].as<std::vector<std::string>>())
      r.what.checked.add(parsed(name));
  if (!r.expect.empty() && r.expect != "any")
    (void)parsed(r.expect);
  if (r.minutes > 0 && !given.contains("seed"))
    r.seed = std::random_device{}();
  return true;
}

std::string replay(const request& r, std::uint64_t seed) {
  return "dev/simulate" + (r.commit.empty() ? "" : " --commit " + r.commit) + " --seed " + std::to_string(seed) + " --trace";
}

int run_all(request& r) {
  if (r.trace) {
    r.what.trace = [](const std::string& line) { std::cout << line << '\n'; };
    ockam::set_log_sink([](ockam::level, std::string_view who, std::string_view line) { std::cout << "          | " << who << ": " << line << '\n'; });
    ockam::set_log_level(ockam::level::debug);
  }
  auto end = std::chrono::steady_clock::now() + std::chrono::duration<double>{r.minutes * 60};
  std::uint64_t sent = 0, arrived = 0, dropped = 0, seed = r.seed;
  for (; r.minutes > 0 ? std::chrono::steady_clock::now() < end : seed < r.seed + r.count; ++seed) {
    auto o = run(seed, r.what);
    sent += o.sent;
    arrived += o.arrived;
    dropped += o.dropped;
    if (!o.failure)
      continue;
    std::cout << "schedule " << seed << " breaks " << to_string(o.failure->what) << " after " << o.failure->at.count() << " ms: " << o.failure->how
              << '\n'
              << "replay: " << replay(r, seed) << '\n';
    if (r.expect.empty())
      return EXIT_FAILURE;
    if (r.expect == "any" || r.expect == to_string(o.failure->what))
      return EXIT_SUCCESS;
  }
  std::cout << seed - r.seed << " schedules from seed " << r.seed << ": " << sent << " messages sent, " << arrived << " arrived, " << dropped
            << " dropped and counted\n";
  if (r.expect.empty())
    return EXIT_SUCCESS;
  std::cout << "none of them breaks " << r.expect << ", which was expected\n";
  return EXIT_FAILURE;
}

} // namespace

int main(int argc, char** argv) {
  try {
    request r;
    return read(argc, argv, r) ? run_all(r) : EXIT_SUCCESS;
  } catch (const po::error& e) {
    std::cerr << "simulate: " << e.what() << "\n";
    return 2;
  } catch (const std::exception& e) {
    std::cerr << "simulate: the simulation itself failed: " << e.what() << "\n";
    return 3;
  }
}
