// SPDX-License-Identifier: Apache-2.0
#include "transports/udp/udp_answers.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>

namespace ockam {

static_assert(route_header::default_hop_budget <= 0xffff, "a mark has four digits for the budget");

std::optional<address> udp_answers::mark(const route_header& h) {
  bool answers_an_answer = h.has_spent(2 * route_header::answer_toll);
  if (!answers_an_answer && ++count_ % one_marked_of != 0)
    return std::nullopt;
  if (secret_.empty())
    secret_ = random_address().name.substr(0, secret_digits);
  constexpr std::string_view digits = "0123456789abcdef";
  auto name = secret_;
  for (int shift = 4 * (budget_digits - 1); shift >= 0; shift -= 4)
    name += digits[h.hop_budget() >> shift & 15];
  return address{std::move(name)};
}

bool udp_answers::take_mark(route_header& h) const {
  if (secret_.empty() || h.onward_empty() || !may_be_mark(h.next()))
    return false;
  auto name = h.next().name;
  if (!name.starts_with(secret_))
    return false;
  std::uint32_t budget = 0;
  auto* end = name.data() + name.size();
  if (auto [at, ec] = std::from_chars(end - budget_digits, end, budget, 16); ec != std::errc{} || at != end)
    return false;
  h.pop_onward();
  h.hop_budget(std::min(h.hop_budget(), budget));
  return true;
}

} // namespace ockam
