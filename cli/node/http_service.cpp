// SPDX-License-Identifier: Apache-2.0
#include "cli/node/http_service.hpp"

#include "runtime/core/log.hpp"
#include "runtime/core/units.hpp"

#include <utility>

namespace ockam {

result<http_service::next> http_service::prepare(const http_config& wanted) {
  next out{wanted};
  if (wanted.address.empty())
    return out;
  auto who = operation::http_endpoint::read_access(wanted); // also where nothing has changed: a token is renewed under the same path
  if (!who)
    return std::move(who).error();
  out.who = *std::move(who);
  bool stays = wanted.address == config_.address && (endpoint_ || waits());
  return stays ? result<next>{std::move(out)} : open(std::move(out));
}

result<http_service::next> http_service::open(next n) {
  auto opened = operation::http_endpoint::open(n.config.address, n.who, [this](snapshot_request what, auto done) { node_.snapshot(what, std::move(done)); }, control_socket_);
  if (opened)
    n.fresh = *std::move(opened);
  else if (n.config.retry && opened.error().code == errc::address_unavailable)
    n.absent = std::move(opened).error();
  else
    return std::move(opened).error();
  return n;
}

void http_service::take(next n) {
  config_ = std::move(n.config);
  if (n.absent) {
    endpoint_.reset();
    wait(*n.absent);
  } else if (n.fresh || config_.address.empty()) {
    next_try_ = clock::time_point::max();
    why_.clear();
    endpoint_ = std::move(n.fresh);
    if (endpoint_)
      log(level::info, "http", "answers at " + endpoint_->address());
  } else if (endpoint_ && endpoint_->admit(std::move(n.who))) {
    log(level::info, "http", "goes on at " + endpoint_->address() + " with what its section and its files say now");
  }
  node_.http_address(address());
}

void http_service::wait(const error& why) {
  bool is_first = why_.empty();
  if (std::exchange(why_, why.cause) != why.cause)
    log(level::warn, "http", "[http]: " + why.cause + (is_first ? "; it is tried again every " + to_string(pause) + " until it can be opened" : "; it is tried again"));
  next_try_ = clock::now() + pause;
}

/// Its files may have changed since.
void http_service::try_again() {
  auto who = operation::http_endpoint::read_access(config_);
  auto n = who ? open({config_, *std::move(who)}) : result<next>{std::move(who).error()};
  if (!n)
    wait(n.error());
  else
    take(*std::move(n));
}

result<void> http_service::serve(const http_config& wanted) {
  auto n = prepare(wanted);
  if (!n)
    return std::move(n).error();
  take(*std::move(n));
  return {};
}

void http_service::stopping() {
  if (endpoint_)
    endpoint_->stopping();
}

} // namespace ockam
