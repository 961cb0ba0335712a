// SPDX-License-Identifier: Apache-2.0
// What somebody says of themselves, handshakes of both roles, and what goes through a channel.
#include "fuzz/targets.hpp"

#include "identity/channel_message.hpp"
#include "identity/file_vault.hpp"
#include "identity/handshake.hpp"
#include "identity/memory_vault.hpp"
#include "identity/receiving.hpp"

#include <algorithm>
#include <cstdlib>
#include <set>

namespace ockam::fuzz {

namespace {

using namespace identities;

constexpr timestamp now = 1'700'000'100;

void must(bool condition) {
  if (!condition)
    std::abort();
}

/// Bytes that count up: the same keys in each run.
class counting final : public random_source {
 public:
  result<void> fill(std::span<std::byte> out) override {
    std::fill(out.begin(), out.end(), std::byte{++last_});
    return {};
  }

 private:
  std::uint8_t last_ = 0;
};

/// The end that is attacked: who it is, made once.
struct victim {
  victim() : who{*create_identity(keys, key_type::ed25519, now)}, own{*make_own_identity(keys, who, now)} {}
  counting random;
  memory_vault keys{random};
  identity who;
  own_identity own;
};

const victim& the_victim() {
  static const victim v;
  return v;
}

/// The attacker's static key is the one that the vectors attest, so that seeds can end a handshake well.
struct attacker {
  attacker()
    : s{*keys.add_static([] {
        secret key{x25519_secret_size};
        for (std::size_t i = 0; i < key.size(); ++i)
          key.writable()[i] = static_cast<std::byte>(i + 1);
        return key;
      }())} {}
  memory_vault keys;
  x25519_public s;
};

attacker& the_attacker() {
  static attacker a;
  return a;
}

/// Hands a state machine messages that nobody has sealed: a length of two bytes each, and as many bytes.
void send_raw(handshake& to, fuzz::bytes in) {
  while (in.size() >= 2) {
    auto length = std::to_integer<std::size_t>(in[0]) << 8 | std::to_integer<std::size_t>(in[1]);
    auto message = in.subspan(2, std::min(length, in.size() - 2));
    in = in.subspan(2 + message.size());
    auto outcome = to.receive(message, now);
    must(outcome || (!outcome.error().cause.empty() && outcome.error().cause.find('\n') == std::string::npos));
    must(to.where() != handshake::state::done);
  }
}

void check_end(handshake& end) {
  auto made = end.take();
  must(made.has_value() == (end.where() == handshake::state::done));
  if (made)
    must(made->with.who.id().hash == made->with.who.changes().front().hash);
}

bytes_view plaintext_of(std::size_t n) {
  static constexpr std::byte text[] = {std::byte{1}, std::byte{2}, std::byte{3}};
  return bytes_view{text}.first(n % 4);
}

} // namespace

void change_history(bytes in) {
  auto read = decode_history(in);
  if (!read)
    return;
  auto out = encode(*read);
  auto again = decode_history(out);
  must(again && encode(*again) == out);
  if (auto who = identity::verify(*std::move(read))) {
    must(who->exported() == out && !who->changes().empty());
    must(compare(*who, *who) == comparison::same);
  }
}

void credential_and_key(bytes in) {
  auto read = decode_credential_and_key(in);
  if (!read)
    return;
  auto out = encode(*read);
  auto again = decode_credential_and_key(out);
  must(again && encode(*again) == out);
  (void)decode_attestation(read->key.data);
  if (auto data = decode_credential(read->says.data)) {
    auto content = encode(*data);
    auto same = decode_credential(versioned(data_type::credential, content));
    must(same && encode(*same) == content);
  }
  memory_identities nobody;
  must(!verify_credential(*read, {}, nobody, nullptr, now));
}

void identity_proof(bytes in) {
  auto read = decode_proof(in);
  if (!read)
    return;
  auto out = encode(*read);
  auto again = decode_proof(out);
  must(again && encode(*again) == out);
}

void channel_message(bytes in) {
  ockam::route_header header;
  auto read = identities::channel_message::decode(in, header);
  if (!read)
    return;
  if (const auto* worker = std::get_if<identities::channel_message::for_worker>(&*read)) {
    must(worker->payload.size() <= in.size());
    identities::bytes out(identities::channel_message::head_size(header, worker->payload.size()));
    must(identities::channel_message::write_head(out.data(), header, worker->payload.size())
         == out.data() + out.size());
    out.insert(out.end(), worker->payload.begin(), worker->payload.end());
    out.push_back(identities::channel_message::tail[0]);
    ockam::route_header other;
    auto again = identities::channel_message::decode(out, other);
    must(again && other.onward() == header.onward() && other.return_route() == header.return_route());
  }
}

void vault_file(bytes in) {
  // Without a passphrase: what scrypt costs is bounded elsewhere, and is too much for a fuzzer.
  if (auto opened = sealed_box::open(in, nullptr))
    must(opened->second.size() + sealed_box::plain_header == in.size());
  if (auto keys = key_ring::decode(in)) {
    auto out = keys->encode();
    auto again = key_ring::decode(out.bytes());
    must(again && again->size() == keys->size());
  }
}

// The first byte says whether the rest are messages as they are, or what is sealed in the one that proves who sends it.

void handshake_responder(bytes in) {
  if (in.empty())
    return;
  const auto& v = the_victim();
  auto& a = the_attacker();
  memory_identities known;
  counting random;
  auto end = handshake::responder(v.own, {}, known, random);
  if (in[0] == std::byte{0})
    return send_raw(end, in.subspan(1));
  noise_xx::initiator i{a.keys, a.s, random};
  auto payload = i.read_m2(*end.receive(*i.write_m1({}), now));
  must(payload && decode_proof(*payload));
  if (auto m3 = i.write_m3(in.subspan(1)))
    (void)end.receive(*m3, now);
  check_end(end);
}

void handshake_initiator(bytes in) {
  if (in.empty())
    return;
  const auto& v = the_victim();
  auto& a = the_attacker();
  memory_identities known;
  counting random;
  auto end = handshake::initiator(v.own, {}, known, random);
  auto m1 = *end.begin();
  if (in[0] == std::byte{0})
    return send_raw(end, in.subspan(1));
  noise_xx::responder r{a.keys, a.s, random};
  (void)r.read_m1(m1);
  if (auto m2 = r.write_m2(in.subspan(1)))
    if (auto m3 = end.receive(*m2, now))
      must(static_cast<bool>(r.read_m3(*m3)));
  check_end(end);
}

/// Delivers messages of a channel in an order that the input says, two bytes each: which, and whether a byte of it is
/// altered first. None may be taken twice or altered.
void channel_receiving(bytes in) {
  constexpr std::size_t count = 256;
  static const auto sealed = [] {
    std::vector<identities::bytes> all;
    sending out{secret{aead_key::size}};
    for (std::size_t n = 0; n < count; ++n) {
      const bytes_view parts[] = {plaintext_of(n)};
      all.emplace_back(parts[0].size() + sealed_overhead);
      must(static_cast<bool>(out.seal(parts, all.back().data())));
    }
    return all;
  }();
  receiving to{secret{aead_key::size}};
  std::set<std::uint64_t> taken;
  std::array<std::byte, 8> text;
  for (; in.size() >= 2; in = in.subspan(2)) {
    auto n = std::to_integer<std::size_t>(in[0]);
    auto wire = sealed[n];
    auto at = std::to_integer<std::size_t>(in[1]);
    bool altered = at < wire.size();
    if (altered)
      wire[at] ^= std::byte{1};
    auto nonce = to.open(wire, text.data());
    must(!nonce || (!altered && *nonce == n && taken.insert(n).second));
    if (nonce)
      must(std::equal(plaintext_of(n).begin(), plaintext_of(n).end(), text.begin()));
  }
  (void)to.open(in, text.data());
}

} // namespace ockam::fuzz
