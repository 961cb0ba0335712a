// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/actor_error.hpp"

#include <caf/atom.hpp>
#include <caf/make_message.hpp>
#include <caf/sec.hpp>

namespace ockam {

namespace {

const auto category = caf::atom("ockam");

/// Numbers of `undelivered` are those of drop reasons, from here.
constexpr std::uint8_t first_undelivered = 128;

constexpr undelivered as_undelivered(drop_reason r) {
  return static_cast<undelivered>(first_undelivered + static_cast<std::uint8_t>(r));
}
static_assert(as_undelivered(drop_reason::unknown_worker) == undelivered::unknown_worker
              && as_undelivered(drop_reason::hop_budget) == undelivered::hop_budget
              && as_undelivered(drop_reason::refused) == undelivered::refused
              && as_undelivered(drop_reason::link_down) == undelivered::link_down
              && as_undelivered(drop_reason::congested) == undelivered::congested
              && as_undelivered(drop_reason::too_large) == undelivered::too_large
              && as_undelivered(drop_reason::bad_route) == undelivered::bad_route
              && as_undelivered(drop_reason::node_stopping) == undelivered::node_stopping
              && as_undelivered(drop_reason::dial_refused) == undelivered::dial_refused
              && as_undelivered(drop_reason::stream_broken) == undelivered::stream_broken);

} // namespace

caf::error make_error(undelivered why) { return {static_cast<std::uint8_t>(why), category}; }

caf::error to_caf(const error& e, drop_reason why) {
  bool is_known = e.code == errc::undeliverable && why != drop_reason::none;
  auto code = is_known ? static_cast<std::uint8_t>(as_undelivered(why)) : static_cast<std::uint8_t>(e.code);
  return {code, category, caf::make_message(e.cause)};
}

bool is_ours(const caf::error& e) { return e.category() == category; }

error error_of(const caf::error& e) {
  bool has_words = e.context().match_elements<std::string>();
  if (!has_words && e == caf::sec::request_timeout)
    return {errc::timed_out, "no reply in time", {}};
  auto words = has_words ? e.context().get_as<std::string>(0) : caf::to_string(e);
  if (!is_ours(e))
    return {errc::internal, std::move(words), {}};
  return {e.code() >= first_undelivered ? errc::undeliverable : static_cast<errc>(e.code()), std::move(words), {}};
}

} // namespace ockam
