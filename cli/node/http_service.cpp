// SPDX-License-Identifier: Apache-2.0
#include "cli/node/http_service.hpp"

#include "runtime/core/log.hpp"

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
  if (endpoint_ && wanted.address == config_.address)
    return out;
  auto opened = operation::http_endpoint::open(wanted.address, out.who, [this](snapshot_request what, auto done) { node_.snapshot(what, std::move(done)); }, control_socket_);
  if (!opened)
    return std::move(opened).error();
  out.fresh = *std::move(opened);
  return out;
}

void http_service::take(next n) {
  config_ = std::move(n.config);
  if (n.fresh || config_.address.empty()) {
    endpoint_ = std::move(n.fresh);
    if (endpoint_)
      log(level::info, "http", "answers at " + endpoint_->address());
  } else if (endpoint_->admit(std::move(n.who))) {
    log(level::info, "http", "goes on at " + endpoint_->address() + " with what its section and its files say now");
  }
  node_.http_address(address());
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
