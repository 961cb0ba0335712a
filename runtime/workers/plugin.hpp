// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/workers/service_type.hpp"

#include <array>
#include <cstdint>

namespace ockam {

/// What a plugin and the node that loads it must agree about: they share classes, not a protocol. Plain
/// data at the beginning of the entry, so that it is read before any code of the plugin's is called.
struct plugin_abi {
  /// Raised with every change of what `<ockam/service.hpp>` declares that a plugin would notice.
  static constexpr std::uint32_t current = 1;

  std::array<char, 8> magic{'o', 'c', 'k', 'a', 'm', 'p', 'l', 'g'};
  std::uint32_t size = sizeof(plugin_abi);
  std::uint32_t version = current;
  std::uint32_t compiler = __GXX_ABI_VERSION;
  std::uint32_t strings = _GLIBCXX_USE_CXX11_ABI;
  std::uint32_t message_size = sizeof(message);
  std::uint32_t worker_size = sizeof(worker);
  std::uint32_t options_size = sizeof(service_options);
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  std::uint32_t sanitized = 1;
#else
  std::uint32_t sanitized = 0;
#endif

  friend bool operator==(const plugin_abi&, const plugin_abi&) = default;
};

/// What a shared object with a service exports, as a constant of the name `ockam_plugin`:
///
///     extern "C" const ockam::plugin ockam_plugin{ockam::plugin_of<greeter>()};
///
/// It is built against the headers of the node that is to load it and links nothing: what it calls is in
/// the node. It is never unloaded.
struct plugin {
  plugin_abi abi;
  result<std::unique_ptr<worker>> (*make)(const service_options& o) = nullptr;
};

template <class Worker>
constexpr plugin plugin_of() {
  return {{}, &make_worker<Worker>};
}

} // namespace ockam
