// SPDX-License-Identifier: Apache-2.0
// Which branches and addresses depend on secrets? Run under valgrind's memcheck (dev/constant-time): secrets are declared
// undefined, and memcheck reports each branch and each address that comes of them. Not under valgrind it does nothing.
//
// What this sees: our code, and the code of libcrypto for the processor that valgrind imitates (AES-NI, PCLMUL and AVX2; not
// VAES and AVX-512, which a newer processor takes). What it cannot see: times of instructions that depend on their operands
// (division, and multiplication on some processors), what speculation does, and code that no case below reaches. A branch on
// what everybody may know in the end, such as whether a message opened, is reported like any other: those are allowed below, by
// number and with the reason.
#include "identity/aead.hpp"
#include "identity/digest.hpp"
#include "identity/noise_state.hpp"
#include "identity/receiving.hpp"
#include "identity/sending.hpp"
#include "identity/signatures.hpp"
#include "identity/x25519.hpp"

#include <cstdio>
#include <cstring>
#include <functional>
#include <string_view>
#include <valgrind/memcheck.h>
#include <vector>

namespace {

using namespace ockam::identities;

void hide(bytes_view what) { VALGRIND_MAKE_MEM_UNDEFINED(what.data(), what.size()); }
/// What is public from now on: a ciphertext; whether it opened.
void publish(bytes_view what) { VALGRIND_MAKE_MEM_DEFINED(what.data(), what.size()); }
void publish(const bool& what) { VALGRIND_MAKE_MEM_DEFINED(&what, sizeof what); }

secret hidden(std::uint8_t seed, std::size_t size = 32) {
  secret s{size};
  for (std::size_t i = 0; i < size; ++i)
    s.writable()[i] = static_cast<std::byte>(seed + i);
  hide(s.bytes());
  return s;
}

/// Several sizes: block boundaries, and what libcrypto has other code for.
constexpr std::size_t sizes[] = {0, 1, 15, 16, 17, 64, 100, 1000, 5000};

// -- the cases -----------------------------------------------------------------------------------------

/// It must be reported, or the run says nothing.
void control_compare() {
  auto a = hidden(1), b = hidden(1);
  volatile bool same = true;
  for (std::size_t i = 0; i < a.size() && same; ++i)
    if (a.bytes()[i] != b.bytes()[i])
      same = false;
}

void control_table() {
  static const unsigned char table[256] = {1};
  auto a = hidden(3);
  volatile unsigned char out = table[std::to_integer<unsigned>(a.bytes()[0])];
  (void)out;
}

void seal() {
  aead_key key{hidden(5)};
  for (auto size : sizes) {
    bytes text(size), out(size + aead_key::tag_size);
    hide(text);
    const bytes_view parts[] = {text};
    key.seal(7, {}, parts, out.data());
  }
}

void open() {
  aead_key plain{hidden(5)};
  for (auto size : sizes) {
    bytes text(size), sealed(size + aead_key::tag_size);
    const bytes_view parts[] = {text};
    plain.seal(7, {}, parts, sealed.data());
    publish(sealed);
    auto opened = plain.open(7, {}, sealed, text.data());
    publish(opened);
    sealed[size] ^= std::byte{1};
    auto forged = plain.open(7, {}, sealed, text.data());
    publish(forged);
  }
}

void rekey() {
  aead_key key{hidden(9)};
  aead_key next{key.next()};
  (void)next.next();
}

void derive() { (void)hkdf2(hidden(2).bytes(), hidden(3).bytes()); }

void hash() { (void)sha256(hidden(4, 100).bytes(), hidden(5, 13).bytes()); }

void agree() {
  x25519_public theirs{};
  theirs[0] = std::byte{9};
  (void)x25519(hidden(6), theirs, theirs); // any public half: only the private one is used
}

void public_half() { (void)x25519_public_of(hidden(7)); }

void sign_ed25519() {
  bytes text(32);
  (void)sign(key_type::ed25519, hidden(8), text);
}

void handshake_state() {
  noise_state s{"OCKAM_XX_25519_AES256_GCM_SHA256"};
  s.mix_key(hidden(1));
  bytes text(100), out;
  hide(text);
  s.encrypt(text, out);
  s.mix_key(hidden(2));
  (void)s.split();
}

/// 70 messages: two rekeys.
void channel_sending() {
  sending to{hidden(1)};
  for (int i = 0; i < 70; ++i) {
    bytes text(50), out(text.size() + sealed_overhead);
    hide(text);
    const bytes_view parts[] = {text};
    (void)to.seal(parts, out.data());
  }
}

struct test_case {
  std::string_view name;
  void (*run)();
  unsigned allowed;       ///< at most so many reports
  unsigned least;         ///< and so many at least
  std::string_view why;
};

constexpr std::size_t opens = 2 * std::size(sizes);

const test_case cases[] = {
  {"control: a comparison that stops early", &control_compare, ~0u, 1, "it has to be seen"},
  {"control: a table read at a secret place", &control_table, ~0u, 1, "it has to be seen"},
  {"AES-256-GCM, sealing", &seal, 0, 0, ""},
  {"AES-256-GCM, opening", &open, opens, 0, "whether the tag was right, in libcrypto and in aead_key::open: everybody learns that"},
  {"rekey", &rekey, 0, 0, ""},
  {"HKDF-SHA-256", &derive, 0, 0, ""},
  {"SHA-256", &hash, 0, 0, ""},
  {"X25519, agreement", &agree, 1, 0, "whether the outcome is all zeros: only for a point of low order, which the peer has chosen"},
  {"X25519, public half", &public_half, 0, 0, ""},
  {"Ed25519, signing", &sign_ed25519, 0, 0, ""},
  {"Noise, symmetric state", &handshake_state, 0, 0, ""},
  {"channel, sending over two rekeys", &channel_sending, 0, 0, ""},
};

} // namespace

int main() {
  if (RUNNING_ON_VALGRIND == 0) {
    std::puts("not under valgrind: nothing was looked at (dev/constant-time)");
    return 77;
  }
  int bad = 0;
  for (const auto& c : cases) {
    auto before = VALGRIND_COUNT_ERRORS;
    c.run();
    auto found = static_cast<unsigned>(VALGRIND_COUNT_ERRORS - before);
    bool good = found <= c.allowed && found >= c.least;
    bad += !good;
    std::printf("%-8s %s: %u reports%s%.*s%s\n", good ? "ok" : "LEAKS", c.name.data(), found, c.why.empty() || found == 0 ? "" : " (",
                c.why.empty() || found == 0 ? 0 : static_cast<int>(c.why.size()), c.why.data(), c.why.empty() || found == 0 ? "" : ")");
  }
  return bad == 0 ? 0 : 1;
}
