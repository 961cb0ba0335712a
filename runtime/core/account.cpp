// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/account.hpp"

#include "runtime/core/units.hpp"

namespace ockam {

bool account::admit(message& m) noexcept {
  if (m.held.source() == ledger_.get())
    return true;
  auto bytes = m.held ? m.held.bytes() : m.footprint();
  auto used = ledger_->used();
  if (used > 0 && used + bytes > ledger_->budget())
    return false;
  if (m.held)
    m.held.lend_to(*ledger_);
  else
    m.held = credit{*ledger_, bytes};
  return true;
}

std::string account::full() const {
  return "the worker has used up its budget of " + size_text(limit_) + " with messages that it keeps or has sent";
}

} // namespace ockam
