// SPDX-License-Identifier: Apache-2.0
// An actor that calculates for others, as CAF's own example of a distributed calculator has it.
#include "calculator.hpp"

#include <ockam/actor_main.hpp>

#include <caf/typed_event_based_actor.hpp>

#include <iostream>

namespace {

calculator::behavior_type calculate(calculator::pointer) {
  return {
    [](add_atom, std::int32_t a, std::int32_t b) { return std::int64_t{a} + b; },
    [](sub_atom, std::int32_t a, std::int32_t b) { return std::int64_t{a} - b; },
    [](div_atom, std::int32_t a, std::int32_t b) -> caf::result<std::int64_t> {
      if (b == 0)
        return caf::make_error(caf::sec::invalid_argument, std::string{"division by zero"});
      return std::int64_t{a} / b;
    },
  };
}

void caf_main(caf::actor_system& system, const ockam::arguments&) {
  auto calc = system.spawn(calculate);
  if (auto ok = ockam::publish(system, "calculator", calc); ok)
    std::cout << "the calculator is there" << std::endl;
  else
    std::cerr << ok.error().cause << std::endl;
}

} // namespace

int main(int argc, char** argv) { return ockam::actor_main(argc, argv, caf_main); }
