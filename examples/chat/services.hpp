// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ockam/actor.hpp>

/// Passes on what one member says to all others. A member is in the room until its service or its node is gone.
///
/// | a text           | what it does                                                     |
/// |------------------|------------------------------------------------------------------|
/// | `join NAME ROUTE` | NAME is in the room; what is said goes to the end of ROUTE        |
/// | `say NAME TEXT`   | all others get `NAME: TEXT`                                       |
/// | `who`             | is answered with the names                                       |
caf::behavior room(caf::event_based_actor* self);

/// Somebody in a room: joins it, and joins again whenever it is back; says what workers of its own node send it, and prints
/// what others say.
ockam::actor_factory member(const ockam::service_options& o);
