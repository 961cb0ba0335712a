// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/atom.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>

using add_atom = caf::atom_constant<caf::atom("add")>;
using sub_atom = caf::atom_constant<caf::atom("sub")>;
using div_atom = caf::atom_constant<caf::atom("div")>;

/// What both programs know of each other. A result has room for any of its operands.
using calculator = caf::typed_actor<caf::replies_to<add_atom, std::int32_t, std::int32_t>::with<std::int64_t>,
                                    caf::replies_to<sub_atom, std::int32_t, std::int32_t>::with<std::int64_t>,
                                    caf::replies_to<div_atom, std::int32_t, std::int32_t>::with<std::int64_t>>;
