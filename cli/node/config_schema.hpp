// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace ockam {

/// The JSON Schema of a configuration, made from the descriptors of its sections: of the member `configuration` of what
/// `ockam-node --print-config=json` prints. Thread: any.
std::string config_schema();

} // namespace ockam
