// SPDX-License-Identifier: Apache-2.0
#include "cli/node/reloading.hpp"

#include "cli/node/logging.hpp"

#include <memory>
#include <thread>
#include <unistd.h>
#include <utility>

namespace ockam {

std::string status_of(const std::vector<listener_info>& listeners) {
  constexpr std::size_t shown = 5;
  std::string out = "ready";
  for (std::size_t i = 0; i < listeners.size() && i < shown; ++i)
    out += (i == 0 ? ", listens at " : ", ") + listeners[i].transport + " " + listeners[i].socket_address;
  return out + (listeners.size() > shown ? " and " + std::to_string(listeners.size() - shown) + " more" : "");
}

void reloading::begin() {
  parts_.manager.reloading();
  reopen_log();
  log(level::info, "node", "SIGHUP: reading the configuration again");
  again_ = reads_;
  if (!std::exchange(reads_, true))
    std::thread{[this] {
      auto fresh = std::make_shared<node_options>(parse_again(parts_.options, parts_.services));
      parts_.main_thread.post([this, fresh] { read(*fresh); });
    }}.detach();
}

void reloading::read(node_options& fresh) {
  reads_ = false;
  if (std::exchange(again_, false))
    return begin();
  hide_in_log(fresh.places.secrets);
  for (const auto& p : fresh.problems)
    log(level::error, "node", p);
  if (!fresh.problems.empty()) {
    parts_.manager.ready("ready; the configuration is wrong, nothing was changed: " + fresh.problems.front().cause);
    return log(level::warn, "node", "SIGHUP: the configuration is wrong, nothing was changed");
  }
  if (parts_.here && fresh.config.control_socket.empty()) // as `enter` does
    fresh.config.control_socket = parts_.here->home.control_socket(parts_.options.config.name).string();
  node_config rest; // what is not the node's own
  rest.log.level = fresh.config.log.level;
  rest.stop_grace = fresh.config.stop_grace;
  rest.http = fresh.config.http;
  rest.tracing = fresh.config.tracing;
  parts_.of.reload(std::move(fresh.config), [this, rest](bool ok, std::vector<listener_info> listeners) {
    parts_.main_thread.post([this, ok, rest, listeners = std::move(listeners)] {
      done(ok, rest, first_tcp(listeners));
      parts_.manager.ready(status_of(listeners) + (ok ? "" : "; not all of the configuration could be put into effect: see the log"));
    });
  });
}

void reloading::done(bool ok, const node_config& fresh, const std::string& tcp) {
  auto& config = parts_.options.config;
  if (ok) {
    config.stop_grace = fresh.stop_grace;
    parts_.secure.refresh();
    if (auto served = parts_.http.serve(fresh.http); !served)
      log(level::error, "http", served.error());
    else
      config.http = fresh.http;
    parts_.traces.serve(fresh.tracing);
    config.tracing = fresh.tracing;
  }
  if (auto& now = config.log.level; ok && now != fresh.log.level) {
    now = fresh.log.level;
    set_log_level(parse_level(now));
    log(level::info, "node", "log-level is now " + now);
  }
  if (parts_.here)
    if (auto written = parts_.here->database.node_started(config.name, tcp, ::getpid()); !written)
      log(level::error, "node", written.error());
}

} // namespace ockam
