// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "channels/crew.hpp"
#include "channels/returns.hpp"
#include "identity/receiving.hpp"
#include "runtime/core/switchboard.hpp"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>

namespace ockam::channels {

/// What was opened: the message that it was sealed in, and the plaintext.
struct opened_message {
  message_ptr outer;
  std::uint64_t nonce = 0;
  std::unique_ptr<std::byte[]> block;
  std::size_t size = 0;
};

/// The receiving direction of a channel. Messages are taken in the order in which they come, wherever they are opened:
///
///     message ──┬── small, and nothing waits: opened at once ──────────────────────────────────▶ taken
///               └── large, or behind one:
///                   queue:  [ opened │ small, as it came │ being opened │ … ]
///                      front ◀──────────────────────────────── nonce and key from `receiving::begin`, then `threads`
///                      └─ its nonce is committed here, and only here: two with one nonce are opened, one is taken
///
/// `begin` does not move the window. So a large message that is not near the newest nonce yet, since those before it have not
/// been committed, stays as it came, and is decided when it is at the front: what is refused in the end is what
/// would be refused if each were opened in turn. What waits is charged to the link that let it in, with the block that it is
/// opened into before that is taken; it holds up its own channel only. What is still here when the channel ends is dropped.
///
/// Socket thread, but for the work of `threads`.
class incoming : public std::enable_shared_from_this<incoming> {
 public:
  class owner {
   public:
    /// May end this.
    virtual void opened(opened_message m) = 0;
    /// It does not open, or its nonce is not acceptable; `reason` is a text of ours. May end this.
    virtual void not_opened(message_ptr m, std::string_view reason, const std::string& line) = 0;

   protected:
    ~owner() = default;
  };

  incoming(owner& who, elsewhere large, identities::secret key)
    : owner_{&who}, large_{std::move(large)}, receiving_{std::move(key)} {}

  void take(message_ptr m);
  /// The owner is told nothing any more; what is still here is dropped, and counted.
  void end(switchboard& board) noexcept;

 private:
  /// Large messages of one channel that are being opened at one time.
  static constexpr std::size_t most_under_way = 16;

  struct entry;
  using entry_ptr = std::shared_ptr<entry>;

  bool is_large(const message& m) const noexcept { return m.body.size() >= large_.from; }
  std::unique_ptr<std::byte[]> block_for(message& m) const;
  void open_here(message_ptr m);
  bool begin(const entry_ptr& e);
  void begin_more();
  void take_back();
  void advance();
  /// False: it is being opened.
  bool take_front();

  owner* owner_; ///< null: gone
  elsewhere large_;
  identities::receiving receiving_;
  std::deque<entry_ptr> queue_;
  std::size_t under_way_ = 0;
  returns<entry_ptr> back_;
};

} // namespace ockam::channels
