// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/workers/headers_hash.hpp"
#include "runtime/workers/service_type.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace ockam {

/// Text of a fixed size; what is left is zero.
template <std::size_t N>
struct fixed_text {
  std::array<char, N> bytes{};

  constexpr fixed_text() = default;
  constexpr fixed_text(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i)
      bytes.at(i) = text[i];
  }
  std::string_view text() const noexcept { return {bytes.data(), ::strnlen(bytes.data(), N)}; }
  friend bool operator==(const fixed_text&, const fixed_text&) = default;
};

namespace plugin_detail {

/// Has the table of `worker` and one more, whose place tells how many those are.
struct behind_worker : worker {
  virtual void next() = 0;
};

} // namespace plugin_detail

/// What a plugin and the node that loads it must agree about: they share classes, not a protocol. Plain data. Nobody
/// counts versions of it by hand: `headers` is a hash of what the classes are declared in, made by the build
/// (cmake/headers-hash.cmake), the others are what the compiler has made of them.
struct plugin_interface {
  std::uint32_t size = sizeof(plugin_interface);
  fixed_text<20> version = std::string_view{OCKAM_VERSION}; ///< for people; stays at this place
  std::uint32_t compiler = __GXX_ABI_VERSION;
  std::uint32_t strings = _GLIBCXX_USE_CXX11_ABI;
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  std::uint32_t sanitized = 1;
#else
  std::uint32_t sanitized = 0;
#endif
#if defined(_GLIBCXX_DEBUG)
  std::uint32_t checked_library = 1;
#else
  std::uint32_t checked_library = 0;
#endif
  std::uint32_t message_size = sizeof(message);
  std::uint32_t worker_size = sizeof(worker);
  std::uint32_t options_size = sizeof(service_options);
  void (plugin_detail::behind_worker::*behind_worker)() = &plugin_detail::behind_worker::next;
  fixed_text<64> headers = std::string_view{OCKAM_SERVICE_HEADERS}; ///< SHA-256 in hex
};

/// The same for one that includes <ockam/actor.hpp>, and so uses CAF.
struct actor_interface {
  std::uint32_t size = sizeof(actor_interface);
  std::uint32_t caf = 0; ///< 1706 is 0.17.6
  fixed_text<64> headers = std::string_view{OCKAM_ACTOR_HEADERS};
};

/// An ELF note: how those are read out of a file before any code of it runs (services/plugin_file.hpp). `readelf -n`
/// shows it. The name is so long that what follows lies at the same place whether notes are aligned to 4 or 8 bytes.
template <class Interface>
struct plugin_note {
  static constexpr std::string_view owner{"ockam-build", 12}; // with its zero

  std::uint32_t name_size = owner.size();
  std::uint32_t size = sizeof(Interface);
  std::uint32_t type = type_of_note;
  fixed_text<owner.size()> name = owner;
  Interface what;

  static constexpr std::uint32_t type_of_note = std::is_same_v<Interface, plugin_interface> ? 1 : 2;
};

/// Each source file that includes this has a note, and a node loads no plugin of which one is wrong.
[[gnu::used, gnu::section(".note.ockam"), gnu::aligned(8)]] static constexpr plugin_note<plugin_interface> plugin_note_of_this_file{};
static_assert(offsetof(plugin_note<plugin_interface>, what) == 24 && sizeof(plugin_note_of_this_file) % 8 == 0,
              "an option of the compiler changes how classes are laid out: a plugin cannot be built with it");

/// What a shared object with a service exports, as a constant of the name `ockam_plugin`:
///
///     extern "C" const ockam::plugin ockam_plugin{ockam::plugin_of<greeter>()};
///
/// It is built against the headers of the node that is to load it and links nothing: what it calls is in
/// the node. It is never unloaded.
struct plugin {
  result<std::unique_ptr<worker>> (*make)(const service_options& o) = nullptr;
};

template <class Worker>
constexpr plugin plugin_of() {
  return {&make_worker<Worker>};
}

} // namespace ockam
