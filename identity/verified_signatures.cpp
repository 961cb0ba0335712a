// SPDX-License-Identifier: Apache-2.0
#include "identity/verified_signatures.hpp"

namespace ockam::identities {

bool verified_signatures::has(const digest& of) const {
  std::lock_guard lock{mutex_};
  return all_.contains(of);
}

void verified_signatures::add(const digest& of) {
  std::lock_guard lock{mutex_};
  if (!all_.insert(of).second)
    return;
  oldest_first_.push_back(of);
  if (oldest_first_.size() > limit) {
    all_.erase(oldest_first_.front());
    oldest_first_.pop_front();
  }
}

std::size_t verified_signatures::size() const {
  std::lock_guard lock{mutex_};
  return all_.size();
}

} // namespace ockam::identities
