// SPDX-License-Identifier: Apache-2.0
#include "simulate/journal.hpp"

#include <cstdio>

namespace ockam::simulate {

void journal::mix(std::string_view bytes) noexcept {
  for (unsigned char c : bytes)
    fingerprint_ = (fingerprint_ ^ c) * 1099511628211u;
}

void journal::event(const std::string& line) {
  auto ms = since_begin().count();
  std::array<char, 32> time{};
  std::snprintf(time.data(), time.size(), "%4lld.%03lld  ", static_cast<long long>(ms / 1000), static_cast<long long>(ms % 1000));
  mix(time.data());
  mix(line);
  if (print_)
    print_(time.data() + line);
}

void journal::mark(std::string_view what, std::uint64_t number) {
  mix(what);
  mix({reinterpret_cast<const char*>(&number), sizeof(number)});
}

void journal::violated(invariant what, std::string how) {
  if (!checks(what) || failure_)
    return;
  failure_ = violation{what, since_begin(), std::move(how)};
  event("VIOLATED " + std::string{to_string(what)} + ": " + failure_->how);
}

} // namespace ockam::simulate
