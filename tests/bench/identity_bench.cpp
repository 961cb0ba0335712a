// SPDX-License-Identifier: Apache-2.0
// What a secure channel costs without the network: the handshake of both ends, and its messages. Sealing and opening
// must not allocate, so this also runs as a test.
#include "identity/handshake.hpp"
#include "identity/memory_vault.hpp"
#include "identity/receiving.hpp"
#include "tests/bench/measure.hpp"

namespace {

using namespace ockam::identities;
using ockam::bench::measure;

constexpr timestamp now = 1'700'000'000;

struct somebody {
  explicit somebody(key_type type) : who{*create_identity(keys, type, now)}, own{*make_own_identity(keys, who, now)} {}
  memory_vault keys;
  identity who;
  own_identity own;
  memory_identities known;
};

/// Both ends of one handshake, one after the other on this thread.
void handshake_both_ends(benchmark::State& state, key_type type) {
  somebody a{type}, b{type};
  for (auto _ : state) {
    auto i = handshake::initiator(a.own, {}, a.known);
    auto r = handshake::responder(b.own, {}, b.known);
    auto m3 = i.receive(*r.receive(*i.begin(), now), now);
    auto end = r.receive(*m3, now);
    if (!end || !i.take() || !r.take())
      state.SkipWithError("it fails");
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(handshake_both_ends, ed25519, key_type::ed25519);
BENCHMARK_CAPTURE(handshake_both_ends, p256, key_type::p256);

/// A message sealed and opened, with its share of the changes of keys. Those allocate; twice every 32 messages.
void seal_and_open(benchmark::State& state) {
  sending out{secret{aead_key::size}};
  receiving in{secret{aead_key::size}};
  bytes text(static_cast<std::size_t>(state.range(0))), wire(text.size() + sealed_overhead);
  const bytes_view parts[] = {text};
  measure(state, 1, 1, [&] {
    if (!out.seal(parts, wire.data()) || !in.open(wire, wire.data() + nonce_size))
      state.SkipWithError("it fails");
  });
  state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(seal_and_open)->Arg(64)->Arg(1024)->Arg(65'536);

/// The same without a change of keys: nothing may be allocated.
void seal_and_open_with_one_key(benchmark::State& state) {
  sending out{secret{aead_key::size}, use::key_exchange};
  receiving in{secret{aead_key::size}, use::key_exchange};
  bytes text(64), wire(text.size() + sealed_overhead);
  const bytes_view parts[] = {text};
  measure(state, 1, 0, [&] {
    if (!out.seal(parts, wire.data()) || !in.open(wire, wire.data() + nonce_size))
      state.SkipWithError("it fails");
  });
}
BENCHMARK(seal_and_open_with_one_key);

} // namespace

BENCHMARK_MAIN();
