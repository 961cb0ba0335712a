// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/multiaddr.hpp"

#include <functional>
#include <string>
#include <vector>

/// Routes as they are typed: `/node/NAME` anywhere, `-` for what comes through a pipe.
namespace ockam::cli {

/// Which node a message starts from, and where it goes from there.
struct planned_route {
  std::string from; ///< empty: the default node
  multiaddr to;     ///< without any /node/
};

/// Finds the TCP address of a node that runs. Errors are passed on.
using node_lookup = std::function<result<std::string>(const std::string& name)>;

/// Where a route starts and how it goes on. Without `from` it starts at the node that it names first, else
/// at the default node. Further node names become TCP addresses, unless the route is at that node
/// already: then they fall away. Errors: `invalid_route`, those of `lookup`.
result<planned_route> plan_route(const multiaddr& to, const std::string& from, const node_lookup& lookup);

/// A word whose `-` got nothing: the line was empty, or there was none.
struct emptied_word {
  std::string typed;
  std::string became;
};

/// Replaces the part `-` of a route (or of any other text with slashes) by a line from standard input,
/// which is read once, when the first such part is met: `-/service/echo`, `/node/n1/-/service/echo`. Returns the words that
/// got nothing; which of them are routes is for `refuse_empty_pipe`.
std::vector<emptied_word> take_pipe(std::vector<std::string>& words, const std::function<std::string()>& read_line);

/// For the command table: `unregistered protocol prefix …` and so on.
result<void> check_route(const std::string& text);

} // namespace ockam::cli
