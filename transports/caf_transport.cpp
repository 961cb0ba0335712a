// SPDX-License-Identifier: Apache-2.0
#include "transports/transports.hpp"
namespace ockam {
std::unique_ptr<transport> make_caf_transport(transport_context) { return nullptr; }
}
