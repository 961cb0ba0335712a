// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/actor_error.hpp"

#include <caf/atom.hpp>
#include <caf/make_message.hpp>

namespace ockam {

namespace {

const auto category = caf::atom("ockam");

} // namespace

caf::error to_caf(const error& e) { return {static_cast<std::uint8_t>(e.code), category, caf::make_message(e.cause)}; }

bool is_ours(const caf::error& e) { return e.category() == category; }

error error_of(const caf::error& e) {
  auto words = e.context().match_elements<std::string>() ? e.context().get_as<std::string>(0) : caf::to_string(e);
  return {is_ours(e) ? static_cast<errc>(e.code()) : errc::internal, std::move(words), {}};
}

} // namespace ockam
