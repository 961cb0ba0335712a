// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ockam/actor.hpp>

/// Counts the words of each text that it gets; answers after `delay`, so that there is time to kill it.
ockam::actor_factory mapper(const ockam::service_options& o);

/// Counts the words of a file by means of mappers at the ends of routes, for whoever sends it `count`.
ockam::actor_factory word_count(const ockam::service_options& o);
