// SPDX-License-Identifier: Apache-2.0
// What one message costs in the pure core, without sockets and actors. Where a step must not allocate,
// it is an error that it does, so this also runs as a test. `items_per_second` counts steps: 1e9 over it
// is the nanoseconds of one.
#include "runtime/core/route_header.hpp"
#include "runtime/core/switchboard.hpp"
#include "tests/bench/measure.hpp"
#include "transports/codec/wire_codec.hpp"

#include <benchmark/benchmark.h>

#include <cstring>
#include <random>
#include <vector>

namespace {

using namespace ockam;

using bench::measure;

std::vector<address> link_addresses(std::size_t n) {
  std::vector<address> out;
  for (std::size_t i = 0; i < n; ++i)
    out.push_back(random_address());
  return out;
}

/// A message as it arrives: `hops` in front, and the sender's way back.
void fill(route_header& h, const std::vector<address>& hops) {
  h.append_return(address{"app"});
  for (const auto& a : hops)
    h.append_onward(a);
}

/// One hop of a route of four: its address off the onward route, and in front of the return route. At the
/// end of the route the message turns round, which is counted in.
void header_rewrite(benchmark::State& state, std::vector<address> hops) {
  route_header h;
  for (const auto& a : hops)
    h.append_onward(a);
  measure(state, 4, 0, [&] {
    for (int i = 0; i < 4; ++i) {
      // A hop knows its own address; the message's first one is compared with it by the switchboard.
      h.pop_onward();
      h.push_return(hops[static_cast<std::size_t>(i)]);
    }
    benchmark::DoNotOptimize(h);
    h.make_reply(std::nullopt);
  });
}
BENCHMARK_CAPTURE(header_rewrite, names, {address{"hop1"}, address{"hop2"}, address{"hop3"}, address{"hop4"}});
BENCHMARK_CAPTURE(header_rewrite, link_addresses, link_addresses(4));

/// The same with protobuf: the header of our own links and of CAF, both ways.
void header_protobuf(benchmark::State& state) {
  route_header h;
  fill(h, link_addresses(4));
  std::vector<std::byte> wire(h.encoded_size());
  h.encode(wire.data());
  measure(state, 1, 0, [&] {
    auto in = route_header::decode(wire);
    benchmark::DoNotOptimize(in->encode(wire.data()));
  });
}
BENCHMARK(header_protobuf);

/// A frame of the Ockam wire, decoded into a header and encoded again: 8 addresses, 64 bytes of payload.
void wire_codec_both_ways(benchmark::State& state) {
  route_header h;
  fill(h, link_addresses(2));
  for (const char* name : {"hop", "h1", "h2", "uppercase", "echo"})
    h.append_onward(address{name});
  constexpr std::size_t payload = 64;
  auto size = wire_codec::measure(h, payload, {});
  std::vector<std::byte> frame(size.total);
  auto* at = wire_codec::write_head(frame.data(), h, payload, false);
  std::memset(at, 'x', payload);
  measure(state, 1, 0, [&] {
    route_header in;
    auto d = wire_codec::decode(frame, in);
    auto again = wire_codec::measure(in, d.body.size(), {});
    benchmark::DoNotOptimize(again);
    benchmark::DoNotOptimize(wire_codec::write_head(frame.data(), in, d.body.size(), false));
  });
}
BENCHMARK(wire_codec_both_ways);

/// Takes a message back in: what the last worker of a route does with it.
struct sink final : receiver {
  message_ptr kept;
  void receive(message_ptr m) override { kept = std::move(m); }
  void failed(std::string_view) noexcept override {}
};

/// A node with `state.range(0)` workers.
struct populated {
  explicit populated(std::int64_t workers) {
    for (std::int64_t i = 0; i < workers; ++i) {
      names.push_back(random_address());
      worker_entry e;
      e.target = &end;
      e.type = "sink";
      (void)board.add(names.back(), std::move(e));
    }
  }
  switchboard board{"bench"};
  sink end;
  std::vector<address> names;
};

/// Looking up the workers that traffic goes to (64 of them, anywhere in the table): the cost must not
/// grow with how many others there are.
void lookup(benchmark::State& state) {
  populated node{state.range(0)};
  std::mt19937 random{1};
  std::shuffle(node.names.begin(), node.names.end(), random);
  auto busy = std::min<std::size_t>(64, node.names.size());
  std::size_t i = 0;
  measure(state, 1, 0, [&] {
    benchmark::DoNotOptimize(node.board.find(node.names[i]));
    i = i + 1 == busy ? 0 : i + 1;
  });
}
BENCHMARK(lookup)->Arg(10)->Arg(1'000)->Arg(100'000);

/// A whole delivery: queued, looked up, flow control and hop budget checked, handed over.
void delivery(benchmark::State& state) {
  populated node{state.range(0)};
  auto m = std::make_unique<message>();
  m->header.append_onward(node.names.front());
  node.end.kept = std::move(m);
  measure(state, 1, 0, [&] {
    node.end.kept->header.hop_budget(route_header::default_hop_budget);
    node.board.deliver(std::move(node.end.kept));
    (void)node.board.run_turn();
  });
  if (!node.end.kept)
    state.SkipWithError("the message did not arrive");
}
BENCHMARK(delivery)->Arg(10)->Arg(100'000);

} // namespace

BENCHMARK_MAIN();
