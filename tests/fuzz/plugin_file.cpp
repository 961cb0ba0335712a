// SPDX-License-Identifier: Apache-2.0
// What is read out of a file that somebody calls a plugin.
#include "fuzz/targets.hpp"

#include "services/plugin_file.hpp"
#include "support/elf_image.hpp"

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace ockam::fuzz {

namespace {

bool is_accepted(bytes file) {
  auto ok = check_plugin({file.size(), [file](std::uint64_t offset, std::span<std::byte> into) {
    if (offset > file.size() || into.size() > file.size() - offset)
      std::abort();
    std::copy_n(file.begin() + static_cast<std::ptrdiff_t>(offset), into.size(), into.begin());
    return true;
  }});
  if (!ok && (ok.error().code != errc::unsupported || ok.error().cause.empty()))
    std::abort();
  return static_cast<bool>(ok);
}

} // namespace

/// The input as a file, and as changes of one that is accepted: two bytes for the place, one for what stands there.
void plugin_file(bytes in) {
  auto must_say = [](bytes file) {
    std::string_view text{reinterpret_cast<const char*>(file.data()), file.size()};
    if (is_accepted(file) && text.find(OCKAM_SERVICE_HEADERS) == text.npos)
      std::abort();
  };
  must_say(in);
  static const auto good = elf_image{}.bytes();
  auto changed = good;
  for (; in.size() >= 3; in = in.subspan(3)) {
    auto place = std::to_integer<std::size_t>(in[0]) | std::to_integer<std::size_t>(in[1]) << 8;
    changed[place % changed.size()] = in[2];
  }
  must_say(changed);
  if (std::ranges::equal(changed, good) && !is_accepted(changed))
    std::abort();
}

} // namespace ockam::fuzz
