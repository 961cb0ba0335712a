// SPDX-License-Identifier: Apache-2.0
// A node that can be either end of a supervised map-reduce: see README.md.
#include "services.hpp"

#include <ockam/node_main.hpp>

int main(int argc, char** argv) {
  return ockam::node_main(argc, argv, {ockam::actor_service("mapper", mapper), ockam::actor_service("word-count", word_count)});
}
