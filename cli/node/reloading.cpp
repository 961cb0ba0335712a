// SPDX-License-Identifier: Apache-2.0
#include "cli/node/reloading.hpp"

#include "cli/node/logging.hpp"

#include <algorithm>
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
  for (std::size_t i = 1; i < fresh.problems.size(); ++i)
    log(level::error, "node", fresh.problems[i]);
  if (!fresh.problems.empty())
    return refuse(fresh.problems.front());
  auto http = std::make_shared<std::optional<http_service::next>>();
  if (!frees(fresh.config.http.address)) {
    auto prepared = parts_.http.prepare(fresh.config.http);
    if (!prepared)
      return refuse(prepared.error());
    http->emplace(*std::move(prepared));
  }
  if (parts_.here && fresh.config.control_socket.empty()) // as `enter` does
    fresh.config.control_socket = parts_.here->home.control_socket(parts_.options.config.name).string();
  node_config rest; // what is not the node's own
  rest.log.level = fresh.config.log.level;
  rest.stop_grace = fresh.config.stop_grace;
  rest.http = fresh.config.http;
  rest.tracing = fresh.config.tracing;
  parts_.of.reload(std::move(fresh.config), [this, rest, http](bool ok, std::vector<listener_info> listeners) {
    parts_.main_thread.post([this, ok, rest, http, listeners = std::move(listeners)] {
      listeners_ = listeners;
      done(ok, rest, first_tcp(listeners), *http);
      parts_.manager.ready(status_of(listeners) + (ok ? "" : "; not all of the configuration could be put into effect: see the log"));
    });
  });
}

void reloading::refuse(const error& why) {
  log(level::error, "node", why);
  parts_.secure.refresh(); // keys that were changed have nothing to do with what is wrong there
  parts_.manager.ready("ready; the configuration is wrong, nothing was changed: " + why.cause);
  log(level::warn, "node", "SIGHUP: the configuration is wrong, nothing was changed");
}

bool reloading::frees(const std::string& address) const {
  const auto& all = listeners_ ? *listeners_ : parts_.of.listeners();
  return std::any_of(all.begin(), all.end(), [&](const auto& l) { return l.socket_address == address; });
}

void reloading::done(bool ok, const node_config& fresh, const std::string& tcp, std::optional<http_service::next>& http) {
  auto& config = parts_.options.config;
  parts_.secure.refresh();
  if (ok) {
    config.stop_grace = fresh.stop_grace;
    auto served = http ? result<void>{} : parts_.http.serve(fresh.http);
    if (http)
      parts_.http.take(*std::move(http));
    if (!served)
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
