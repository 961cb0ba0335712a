// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/node/service_manager.hpp"
#include "runtime/net/socket_keeper.hpp"

#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace ockam {

/// The sockets of a service manager: those that it passed go to the listeners that they are for, by name
/// (`tcp-listener/main`, or `main` alone) or, where no name fits, by their address; those of listeners are kept there, so
/// that the next process goes on with them. Members of `socket_keeper` are called on the socket thread, others on the main
/// one.
class passed_sockets final : public net::socket_keeper {
 public:
  /// `manager` lives longer.
  explicit passed_sockets(service_manager& manager) : manager_{manager}, sockets_{manager.take_sockets()} {}
  ~passed_sockets() override;

  int take(const std::string& name, const endpoint& at) override;
  int take_unix(const std::string& name, const std::string& path) override;
  void opened(const std::string& name, int fd) override;
  bool closing(const std::string& name, int fd) override;

  /// All listeners are open: what none has taken is closed, and said.
  void close_unused();
  /// From now on listeners close since the process ends: what is kept stays there.
  void stopping();

 private:
  void drop_unreachable(const std::string& path);
  template <class IsAt>
  int take_where(const std::string& name, IsAt is_at);

  service_manager& manager_;
  std::mutex lock_;
  std::vector<passed_socket> sockets_;
  std::map<std::string, int> kept_; ///< which socket is kept under a name
  bool stopping_ = false;
};

} // namespace ockam
