// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace ockam {

/// Opens what of the descriptors 0, 1 and 2 was closed when the program began, so that no file or socket that is opened
/// later becomes its standard output. First thing in every `main`. What is written to a closed standard output fails
/// (EBADF); a closed standard error swallows. Returns false when that cannot be had.
bool reserve_standard_descriptors() noexcept;

} // namespace ockam
