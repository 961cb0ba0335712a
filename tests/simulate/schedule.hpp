// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "simulate/ends.hpp"
#include "simulate/invariants.hpp"
#include "simulate/journal.hpp"

#include <cstdint>
#include <optional>

/// A seeded, randomised simulation of real nodes over the simulated network. A seed is a schedule: nodes and
/// their connections, who sends what to whom, and which faults come when, in waves with calm between them.
/// While it runs, and at its end, it is checked for what nodes promise (`invariants`).
///
///     seed ──▶ world ──▶ calm ─▶ wave of faults ─▶ calm ─▶ … ─▶ everything reads ──▶ all is still
///                          └──────────── checker ────────────────────┘
///
/// Equal seeds give equal runs, event by event: see `determinism.hpp`, and `fingerprint`.
namespace ockam::simulate {

struct options {
  invariants checked = kept_today;
  journal::printer trace = {}; ///< gets each event as a line
};

struct outcome {
  std::optional<violation> failure;
  std::uint64_t fingerprint = 0;
  std::uint64_t sent = 0;
  std::uint64_t arrived = 0;
  std::uint64_t dropped = 0;
};

/// Runs the schedule of a seed, to its end or to the first violation.
outcome run(std::uint64_t seed, const options& o);

} // namespace ockam::simulate
