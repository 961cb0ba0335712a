// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/standard_descriptors.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

namespace ockam {

bool reserve_standard_descriptors() noexcept {
  constexpr std::array<int, 3> modes{O_RDONLY, O_RDONLY, O_WRONLY};
  for (int fd = 0; fd < static_cast<int>(modes.size()); ++fd) // in this order each gets the lowest number that is free
    if (::fcntl(fd, F_GETFD) < 0 && errno == EBADF && ::open("/dev/null", modes[static_cast<std::size_t>(fd)]) != fd)
      return false;
  return true;
}

} // namespace ockam
