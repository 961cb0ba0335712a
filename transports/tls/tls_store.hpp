// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "transports/tls/tls_context.hpp"

#include <chrono>
#include <map>

namespace ockam {

/// Certificates of the listeners and connections of one transport, which are renewed under the same paths while the node
/// runs. Before a handshake it looks whether a file has changed (at most once in `look_after`: three `stat`), and reads
/// all of them again when one has. What cannot be used then is logged, and the one before stays in use; connections
/// that are up are not touched. Socket thread only.
class tls_store {
 public:
  using clock = std::chrono::steady_clock;
  static constexpr std::chrono::milliseconds look_after{2'000};

  /// The context for the next handshake with these files. Errors: those of `make_tls_server` and `make_tls_client`, the
  /// first time only.
  result<tls_context> server(const tls_files& files, clock::time_point now) { return get({&make_tls_server, files}, now); }
  result<tls_context> client(const tls_files& files, clock::time_point now) { return get({&make_tls_client, files}, now); }
  /// The next handshake looks, however soon it is.
  void look_again() noexcept;

 private:
  using maker = result<tls_context> (*)(const tls_files&);
  using key = std::pair<maker, tls_files>;
  struct loaded {
    tls_context context;
    std::string stamp; ///< of the files when they were tried last
    clock::time_point looked;
  };

  result<tls_context> get(const key& k, clock::time_point now);

  std::map<key, loaded> all_; ///< as many as the operator has named
};

} // namespace ockam
