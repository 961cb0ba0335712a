// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

namespace ockam::cli {

/// From here on Ctrl-C does not end the program: a loop that looks at `interrupted` ends, and prints what it has.
void catch_interrupt();
/// The same, also for the ends that a terminal that closes and a service manager ask for: of a program that has something to take
/// away first.
void catch_ends();
bool interrupted();
/// Until the time is over, or the interrupt.
void pause_for(std::chrono::milliseconds d);

} // namespace ockam::cli
