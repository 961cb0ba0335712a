// SPDX-License-Identifier: Apache-2.0
#include "channels/ways.hpp"

#include "channels/channel_routes.hpp"
#include "runtime/core/units.hpp"
#include "runtime/workers/reply_address.hpp"

#include <algorithm>

namespace ockam::channels {

namespace {

/// How soon a channel is ended whose owner is gone.
constexpr std::chrono::milliseconds look{1'000};
constexpr std::size_t longest_order = 4'096;

bool is_address_of_chance(std::string_view text) {
  return text.size() == 32 && std::all_of(text.begin(), text.end(), [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

} // namespace

void ways::on_message(message_ptr m) {
  if (m->header.get_report())
    return;
  auto made = take(*m);
  if (!made) {
    env_->warn(to_string(made.error().code), "no channel was made for a service: " + made.error().cause);
    if (m->is_imported())
      return reply_error(std::move(m), made.error().cause);
    return drop(std::move(m), drop_reason::refused, made.error().cause);
  }
  if (m->is_imported())
    reply_text(std::move(m), *made);
}

result<std::string> ways::take(const message& m) {
  auto text = m.text();
  auto first = text ? text->find('\n') : std::string_view::npos, second = first == std::string_view::npos ? first : text->find('\n', first + 1);
  if (second == std::string_view::npos || text->size() > longest_order || !is_address_of_chance(text->substr(0, first)) || m.header.return_empty())
    return error{errc::malformed, "this is no order of a channel", {}};
  way w{address{m.header.return_front()}, std::string{text->substr(first + 1)}, {}};
  std::string e{text->substr(0, first)};
  if (auto it = all_.find(e); it != all_.end()) {
    if (it->second.owner == w.owner && it->second.text == w.text)
      return e;
    return error{errc::already_exists, "the address is that of another channel", {}};
  }
  auto of_owner = std::count_if(all_.begin(), all_.end(), [&](auto& one) { return one.second.owner == w.owner; });
  if (all_.size() >= most || static_cast<std::size_t>(of_owner) >= most_of_one)
    return error{errc::limit_reached, "there are too many channels of services", {}};
  auto to = parse_multiaddr(text->substr(first + 1, second - first - 1));
  auto third = std::min(text->find('\n', second + 1), text->size());
  channel_wishes how{.lasting = true, .may_end_in_channel = true, .identity = std::string{text->substr(second + 1, third - second - 1)}};
  how.address = e;
  if (third < text->size())
    how.authorized = split_list(text->substr(third + 1));
  auto made = to ? make_route(env_, *to, how) : result<made_route>{to.error()};
  if (!made)
    return std::move(made).error();
  if (!made->channels)
    return error{errc::invalid_route, "the way ends in no secure channel", {}};
  w.channels = std::move(made->channels);
  if (m.is_imported()) { // a client of a link, and what comes back to it
    (void)env_->node.board.allow(m.source().producer, address{e});
    w.channels->watch([env = env_, e, owner = w.owner](bool is_up, const std::string&) { // with another peer it has another flow
      if (auto& board = env->node.board; is_up)
        (void)board.add_consumer(flow_of_answers(board, address{e}), owner);
    });
  }
  all_.emplace(e, std::move(w));
  if (!std::exchange(watches_, true))
    set_timer(look);
  return e;
}

void ways::on_timer(std::uint64_t) {
  std::erase_if(all_, [this](auto& one) { return !env_->node.board.find(one.second.owner); });
  watches_ = !all_.empty();
  if (watches_)
    set_timer(look);
}

} // namespace ockam::channels
