// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/message.hpp"

#include <caf/actor_control_block.hpp>
#include <caf/error.hpp>
#include <caf/intrusive_ptr.hpp>
#include <caf/mailbox_element.hpp>
#include <caf/message_id.hpp>
#include <caf/ref_counted.hpp>
#include <caf/type_erased_tuple.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace ockam {

class request;

/// A message that several look at: actors, each with a copy of what they were asked, and who waits for their answer.
class shared_message final : public caf::ref_counted {
 public:
  explicit shared_message(message_ptr m) noexcept : message_{std::move(m)} {}

  const message& get() const noexcept { return *message_; }
  /// Of the one who waits, before others have it.
  message& edit() noexcept { return *message_; }
  /// Whether others have it than the one who waits, who has `own` references.
  bool has_others(std::size_t own) const noexcept { return get_reference_count() > own; }
  /// What is to be answered, for the one who waits: the message itself when nobody else has it any more, or one with the
  /// same way back and the share of the budgets.
  message_ptr take(std::size_t own = 1);
  /// The next one, when nobody else has this any more.
  void put(message_ptr m) noexcept { message_ = std::move(m); }

 private:
  message_ptr message_;
};
using shared_message_ptr = caf::intrusive_ptr<shared_message>;

/// How what actors say to each other travels as payloads: as text or bytes (`plain_format`), or as messages of a
/// declared interface (`typed_format`). Keeps nothing; lives as long as the process; any thread.
class message_format {
 public:
  /// What is answered: a payload, one that says an error, an error where the format has no payload for it, or nothing.
  struct answer {
    std::optional<payload> body;
    std::string failure; ///< empty: none
  };
  /// What is said, ready to be sent.
  struct request {
    payload body;
    std::uint32_t form = 0; ///< which message of the interface
  };
  /// What has come for an actor.
  struct asked {
    caf::mailbox_element_ptr what;
    const ockam::request* plain = nullptr; ///< in `what`; null: it is a message of an interface
    std::uint32_t form = 0;
    bool wants_answer = true;
  };

  virtual ~message_format() = default;

  // -- at the end that asks ----------------------------------------------------------------------------
  /// Error: `sec::unexpected_message`, with why where that is known.
  virtual caf::error write_request(caf::type_erased_tuple& what, bool wants_answer, request& out) const = 0;
  /// What came back for a request of this form, for who waits under `id`: a value or an error.
  virtual caf::mailbox_element_ptr read_reply(message_ptr m, std::uint32_t form, caf::strong_actor_ptr from,
                                              caf::message_id id) const = 0;

  // -- at the end that answers -------------------------------------------------------------------------
  /// What came for an actor; its answer goes to `from` under `id`. False when it is not what the format says: `no` is
  /// then the answer. Charges what it takes beside the message to the message. `out.what` may be one that has been asked
  /// with before and was let go.
  virtual bool read_request(const shared_message_ptr& m, const caf::strong_actor_ptr& from, caf::message_id id,
                            asked& out, answer& no) const = 0;
  /// Keeps nothing of what has been asked, but the element where that can be used again.
  virtual void let_go(asked& what) const { what.what.reset(); }
  /// What an actor said to a message of this form. Moves out of it what it can.
  virtual answer write_reply(caf::type_erased_tuple& what, std::uint32_t form) const = 0;
  /// The error that an actor answered with.
  virtual answer write_error(const caf::error& e, const std::string& words) const = 0;
};

/// `request`, `reply`, `content` and text.
const message_format& plain_format();

} // namespace ockam
