// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/address.hpp"
#include "runtime/core/route_header.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace ockam {

/// Ends loops of answers with one source. Two services that answer whatever comes, on two nodes, answer each
/// other for ever after one datagram that names the one as its source and is for the other: nobody can tell
/// a forged source. What a node of any implementation does hand back is the return route of what it answers.
/// So now and then an answer gets a *mark* in front of that: a name that only its receiver can know, with the
/// hop budget that was left in it.
///
///     [source…] ◀── answer, return route [mark, echo] ──  us
///     a client asks anew:            [echo]         ──▶  a fresh budget
///     a service answers the answer:  [mark, echo]   ──▶  the budget goes on from where it was, and the
///                                                        answer to that is marked again, until it is used up
///
/// A source whose mark comes back has shown to get what is sent to it. Plain code. One thread at a time.
class udp_answers {
 public:
  /// One of so many is marked: a loop that is let run for so long costs little, and most clients never see one.
  static constexpr std::uint32_t one_marked_of = 64;

  /// Whether a message that a peer caused is an answer of a service which answers whatever comes: what such
  /// an answer costs has been taken off its budget.
  static bool is_answer(const route_header& h) noexcept {
    return !h.get_report() && h.has_spent(route_header::answer_toll);
  }

  /// The mark that this answer is to get; nothing for most.
  std::optional<address> mark(const route_header& h);

  /// Takes a mark off the front of the onward route, and lowers the budget to what it says. False when
  /// there is none that was made here.
  bool take_mark(route_header& h) const;

  /// Whether something might be a mark, for who wants to know before looking its source up.
  static bool may_be_mark(address_view a) noexcept { return a.is_local() && a.name.size() == secret_digits + budget_digits; }

 private:
  // Together as long as other addresses that nobody is to guess.
  static constexpr std::size_t secret_digits = 28;
  static constexpr std::size_t budget_digits = 4;

  std::uint32_t count_ = 0;
  std::string secret_; ///< empty: nothing was marked yet
};

} // namespace ockam
