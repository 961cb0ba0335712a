// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "identity/handshake.hpp"
#include "identity/memory_vault.hpp"
#include "runtime/core/hex.hpp"
#include "support/test_data.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <deque>
#include <fstream>
#include <string>

namespace ockam::identities::test {

/// Time zero of all tests that choose their own.
inline constexpr timestamp t0 = 1'700'000'000;

inline nlohmann::json recording(const std::string& name) {
  std::ifstream in{test_data("identity/" + name + ".json")};
  return nlohmann::json::parse(in);
}

inline bytes unhex(const std::string& text) { return *parse_hex(text); }
inline bytes unhex(const char* text) { return unhex(std::string{text}); }
inline bytes unhex(const nlohmann::json& text) { return unhex(text.get<std::string>()); }
inline secret secret_of(const nlohmann::json& text) { return secret::copy_of(unhex(text)); }
template <class T>
T fixed(const nlohmann::json& text) {
  auto b = unhex(text);
  T out;
  EXPECT_EQ(b.size(), out.size());
  std::copy_n(b.begin(), out.size(), out.begin());
  return out;
}
inline std::string hex(bytes_view b) { return to_hex(b); }
inline std::string hex(const secret& s) { return to_hex(s.bytes()); }

/// The value, or a failure of the test that says why there is none.
template <class T>
T must(result<T> r) {
  if (!r)
    throw std::runtime_error{to_string(r.error())};
  return *std::move(r);
}
inline void must(result<void> r) {
  if (!r)
    throw std::runtime_error{to_string(r.error())};
}

/// A cause of failure, empty when there was none.
template <class T>
std::string why(const result<T>& r) {
  return r ? std::string{} : r.error().cause;
}

/// Gives what it is told to give, in order; then bytes that count up, a new block for each call.
class scripted_random final : public random_source {
 public:
  scripted_random() = default;
  explicit scripted_random(std::deque<bytes> script) : script_{std::move(script)} {}
  result<void> fill(std::span<std::byte> out) override {
    if (broken)
      return error{errc::io_failure, "no randomness", {}};
    if (script_.empty()) {
      std::fill(out.begin(), out.end(), std::byte{next_++});
      return {};
    }
    EXPECT_EQ(script_.front().size(), out.size());
    std::copy_n(script_.front().begin(), out.size(), out.begin());
    script_.pop_front();
    return {};
  }
  bool broken = false;

 private:
  std::deque<bytes> script_;
  std::uint8_t next_ = 1;
};

/// Somebody with a vault, an identity and a key for channels, all made at `now`.
struct somebody {
  explicit somebody(std::uint8_t seed, timestamp now = t0, key_type type = key_type::ed25519)
    : random{{bytes(32, std::byte{seed}), bytes(32, std::byte(seed + 1))}}, keys{random},
      who{must(create_identity(keys, type, now))}, own{must(make_own_identity(keys, who, now))} {}

  scripted_random random;
  memory_vault keys;
  identity who;
  own_identity own;
  memory_identities known;
};

} // namespace ockam::identities::test
