// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/error.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>

namespace ockam {

/// A file that is read in parts.
struct file_parts {
  std::uint64_t size; ///< bytes
  /// Fills `into` with what the file has from `offset` on; false when it cannot. Asked only for what lies within `size`.
  std::function<bool(std::uint64_t offset, std::span<std::byte> into)> read;
};

/// Whether a file is a plugin of this node, by what it says about itself (`plugin_note`), which is read out of it as
/// out of any bytes that may be hostile: nothing of it is mapped or run. One that is accepted is a shared object for this
/// machine, whole as far as its headers tell, of which every source file was compiled against the interface of this
/// node. Errors: `unsupported`, with what is different and what to do. Thread: any; not the socket thread, since it
/// reads from a disk.
result<void> check_plugin(const file_parts& file);

/// The same for the file at a path. Errors: also `not_found`, and those of reading.
result<void> check_plugin_file(const std::string& path);

} // namespace ockam
