// SPDX-License-Identifier: Apache-2.0
#include "cli/node/presence.hpp"

#include <algorithm>
#include <poll.h>
#include <unistd.h>
#include <utility>

namespace ockam {

void write_if_read(int fd, std::string_view text) {
  constexpr std::size_t fits = 4096; // PIPE_BUF: a pipe that takes anything takes this much
  constexpr int patience_ms = 100;
  while (!text.empty()) {
    pollfd p{fd, POLLOUT, 0};
    if (::poll(&p, 1, patience_ms) != 1 || (p.revents & POLLOUT) == 0)
      return;
    auto n = ::write(fd, text.data(), std::min(text.size(), fits));
    if (n <= 0)
      return;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

result<std::optional<presence>> enter(node_options& o) {
  if (o.no_state)
    return std::optional<presence>{};
  if (auto ok = state::check_node_name(o.config.name); !ok)
    return std::move(ok).error();
  auto home = state::home::from_environment();
  if (!home)
    return std::move(home).error();
  if (auto ok = home->check_owner(); !ok)
    return std::move(ok).error();
  std::optional<state::name_guard> guard;
  if (!o.managed) { // otherwise whoever starts it has that
    auto g = state::name_guard::acquire(*home, o.config.name);
    if (!g)
      return std::move(g).error();
    guard.emplace(std::move(*g));
  }
  if (auto ok = home->create_node_dir(o.config.name, o.foreground); !ok)
    return std::move(ok).error();
  auto lock = state::node_lock::acquire(*home, o.config.name);
  if (!lock)
    return std::move(lock).error();
  auto database = state::database::open(*home);
  if (!database)
    return std::move(database).error();
  if (o.config.control_socket.empty())
    o.config.control_socket = home->control_socket(o.config.name).string();
  return std::optional<presence>{presence{std::move(guard), std::move(*home), std::move(*lock), std::move(*database)}};
}

std::string first_tcp(const std::vector<listener_info>& listeners) {
  for (const auto& l : listeners)
    if (l.transport == "tcp")
      return l.socket_address;
  return {};
}

} // namespace ockam
