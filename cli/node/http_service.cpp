// SPDX-License-Identifier: Apache-2.0
#include "cli/node/http_service.hpp"

#include "runtime/core/log.hpp"

#include <utility>

namespace ockam {

result<void> http_service::serve(const http_config& wanted) {
  if (wanted == config_)
    return {};
  if (wanted.address == config_.address) {
    endpoint_.reset();
    config_ = {};
  }
  std::unique_ptr<operation::http_endpoint> fresh;
  if (!wanted.address.empty()) {
    auto opened = operation::http_endpoint::open(wanted, [this](snapshot_request what, auto done) { node_.snapshot(what, std::move(done)); }, control_socket_);
    if (!opened)
      return std::move(opened).error();
    fresh = *std::move(opened);
    log(level::info, "http", "answers at " + fresh->address());
  }
  endpoint_ = std::move(fresh);
  node_.http_address(address());
  config_ = wanted;
  return {};
}

void http_service::stopping() {
  if (endpoint_)
    endpoint_->stopping();
}

} // namespace ockam
