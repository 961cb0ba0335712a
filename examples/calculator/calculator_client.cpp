// SPDX-License-Identifier: Apache-2.0
// Asks a calculator at the end of a route: `1 + 2`, one a line. The handle outlives the server: it asks the next one.
#include "calculator.hpp"

#include <ockam/actor_main.hpp>

#include <caf/scoped_actor.hpp>

#include <chrono>
#include <iostream>
#include <sstream>
#include <string>

namespace {

using namespace std::chrono_literals;

/// Answers one line, or says what is wrong with it.
void calculate(caf::scoped_actor& self, const calculator& calc, const std::string& line) {
  std::istringstream words{line};
  std::int32_t a = 0, b = 0;
  char op = 0;
  if (!(words >> a >> op >> b)) {
    std::cout << "! what? try: 1 + 2" << std::endl;
    return;
  }
  auto print = [](std::int64_t result) { std::cout << result << std::endl; };
  auto fail = [](const caf::error& e) { std::cout << "! " << ockam::error_of(e).cause << std::endl; };
  if (op == '+')
    self->request(calc, 5s, add_atom::value, a, b).receive(print, fail);
  else if (op == '-')
    self->request(calc, 5s, sub_atom::value, a, b).receive(print, fail);
  else if (op == '/')
    self->request(calc, 5s, div_atom::value, a, b).receive(print, fail);
  else
    std::cout << "! there are +, - and /" << std::endl;
}

void caf_main(caf::actor_system& system, const ockam::arguments& words) {
  if (words.size() != 1) {
    std::cerr << "usage: calculator-client [OPTIONS] -- ROUTE" << std::endl;
    return;
  }
  caf::scoped_actor self{system};
  auto calc = ockam::remote_as<calculator>(system, words[0]);
  for (std::string line; std::getline(std::cin, line);)
    calculate(self, calc, line);
}

} // namespace

int main(int argc, char** argv) { return ockam::actor_main(argc, argv, caf_main); }
