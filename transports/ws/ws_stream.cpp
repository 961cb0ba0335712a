// SPDX-License-Identifier: Apache-2.0
#include "transports/ws/ws_stream.hpp"

#include "transports/codec/stream_codec.hpp"
#include "transports/stream/frame_reader.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace ockam {

using status = net::io_result::status;

namespace {

constexpr std::size_t scratch_size = 256u << 10; // as much as a link reads at a time

/// Where all WebSockets of a thread read to: what is in it is used up before anything else reads.
std::span<std::byte> scratch() {
  thread_local auto bytes = std::make_unique_for_overwrite<std::byte[]>(scratch_size);
  return {bytes.get(), scratch_size};
}

} // namespace

/// The owner's buffers, filled from the front.
class ws_stream::target_bytes {
 public:
  explicit target_bytes(std::span<const iovec> v) : v_{v} {
    for (const auto& part : v)
      room_ += part.iov_len;
  }
  std::size_t room() const { return room_; }
  std::size_t filled() const { return filled_; }
  void put(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      auto n = std::min(bytes.size(), v_.front().iov_len - at_);
      std::memcpy(static_cast<std::byte*>(v_.front().iov_base) + at_, bytes.data(), n);
      bytes = bytes.subspan(n);
      room_ -= n;
      filled_ += n;
      at_ += n;
      if (at_ == v_.front().iov_len) {
        v_ = v_.subspan(1);
        at_ = 0;
      }
    }
  }
  void put_length(std::size_t n) {
    std::array<std::byte, stream_codec::length_bytes> field;
    stream_codec::write_length(field.data(), n);
    put(field);
  }

 private:
  std::span<const iovec> v_;
  std::size_t at_ = 0;
  std::size_t room_ = 0;
  std::size_t filled_ = 0;
};

ws_stream::ws_stream(net::reactor& r, net::stream_ptr below, const limits& limit, frame_pool::origin from, ws::role own)
  : layered_stream{r, std::move(below)}, limit_{limit}, own_{own}, reader_{own}, gathered_memory_{from, peer(), *this}, gathered_{gathered_memory_, limit_.max_frame},
    writer_{own, [this](std::size_t n) { return out_.append(n); }} {}

ws_stream::ws_stream(net::reactor& r, net::stream_ptr below, const limits& limit, frame_pool::origin from, client c)
  : ws_stream{r, std::move(below), limit, from, ws::role::client} {
  client_ = std::move(c);
}

ws_stream::ws_stream(net::reactor& r, net::stream_ptr below, const limits& limit, frame_pool::origin from, ws::upgrade_policy server)
  : ws_stream{r, std::move(below), limit, from, ws::role::server} {
  policy_ = std::move(server);
}

ws_stream::~ws_stream() {
  // The peer hears why, if its socket takes it at once.
  if (state_ == state::open) {
    send_close(close_code::going_away);
    write_output();
  }
  reactor().cancel(linger_timer_);
  drop_gathered();
}

void ws_stream::begin() {
  if (own_ == ws::role::server)
    return;
  key_ = ws::make_key();
  auto request = ws::make_request(client_.what, key_);
  std::memcpy(out_.append(request.size()), request.data(), request.size());
  write_output();
}

// -- reading -----------------------------------------------------------------------------------------

bool ws_stream::has_buffered() const {
  // The end counts as well: a peer that waits for this side to close causes no event.
  return (state_ == state::closed && !lingering_) || err_ || gathered_whole_ || !rest_.empty();
}

net::io_result ws_stream::read(std::span<const iovec> into) {
  if (state_ == state::upgrading)
    upgrade();
  if (lingering_)
    linger();
  if (lingering_)
    return {status::again, 0, 0};
  if (violation_ || err_)
    return {status::failed, 0, err_.value_or(0)};
  if (state_ == state::closed)
    return {status::eof, 0, 0};
  if (state_ == state::upgrading)
    return {status::again, 0, 0};
  target_bytes to{into};
  if (!std::exchange(preamble_given_, true))
    to.put({&stream_codec::preamble, 1});
  auto r = read_frames(to);
  write_output(); // pongs, a close
  update();
  if (to.filled() > 0)
    return {status::ok, to.filled(), 0};
  return r;
}

void ws_stream::upgrade() {
  auto bytes = scratch().first(max_header());
  iovec v{bytes.data(), bytes.size()};
  auto r = below().read({&v, 1});
  if (r.what == status::failed)
    err_ = r.err;
  if (r.what == status::eof)
    state_ = state::closed;
  if (r.what != status::ok)
    return;
  // A peer that sends byte by byte does not have all of it searched each time.
  auto searched = upgrade_text_.size() - std::min(upgrade_text_.size(), ws::head_end.size() - 1);
  upgrade_text_.append(reinterpret_cast<const char*>(bytes.data()), r.bytes);
  if (upgrade_text_.find(ws::head_end, searched) == std::string::npos && upgrade_text_.size() < max_header())
    return;
  auto u = own_ == ws::role::server ? ws::read_request(upgrade_text_, policy_)
                                    : ws::read_response(upgrade_text_, key_, client_.max_header);
  if (!u.answer.empty()) {
    std::memcpy(out_.append(u.answer.size()), u.answer.data(), u.answer.size());
    write_output();
  }
  if (u.what == ws::upgrade::status::refused) {
    state_ = state::closed;
    violation_ = {refusal::bad_upgrade, std::move(u.problem)};
  } else if (u.what == ws::upgrade::status::done) {
    state_ = state::open;
    auto more = std::as_bytes(std::span{upgrade_text_}).subspan(u.consumed);
    rest_.assign(more.begin(), more.end());
    upgrade_text_ = std::string{};
    update();
  }
}

net::io_result ws_stream::read_frames(target_bytes& to) {
  net::io_result last{status::again, 0, 0};
  give_gathered(to);
  while (state_ == state::open && room_for_piece(to) > 0) {
    std::span<const std::byte> in{rest_};
    bool fresh = in.empty();
    if (fresh) {
      if (last.what == status::ok)
        break; // one read a turn: others want theirs
      auto bytes = scratch().first(std::min(scratch_size, to.room()));
      iovec v{bytes.data(), bytes.size()};
      last = below().read({&v, 1});
      if (last.what == status::failed)
        err_ = last.err;
      if (last.what != status::ok)
        return last;
      in = bytes.first(last.bytes);
    }
    while (!in.empty() && room_for_piece(to) > 0) {
      auto p = reader_.next(in, room_for_piece(to));
      if (!p && !reader_.violation().empty())
        break_off(refusal::websocket_violation, close_code::protocol_error, std::string{reader_.violation()});
      if (!p || !take(*p, to))
        break;
      give_gathered(to);
    }
    if (violation_)
      return {lingering_ ? status::again : status::failed, 0, 0};
    if (state_ == state::closed)
      return {status::eof, 0, 0};
    if (fresh)
      rest_.assign(in.begin(), in.end());
    else
      rest_.erase(rest_.begin(), rest_.end() - static_cast<std::ptrdiff_t>(in.size()));
  }
  return {status::again, 0, 0};
}

/// How much of the next piece the owner has room for. A frame that begins also needs its length field.
std::size_t ws_stream::room_for_piece(const target_bytes& to) const {
  if (gathered_whole_) // comes first
    return 0;
  if (passing_)
    return to.room();
  return to.room() < least_room ? 0 : to.room() - stream_codec::length_bytes;
}

/// False: nothing more is to be read.
bool ws_stream::take(const ws::piece& p, target_bytes& to) {
  if (ws::is_control(p.code)) {
    control_.insert(control_.end(), p.data.begin(), p.data.end());
    return !p.ends || end_control(p.code);
  }
  if (p.begins && !(p.code == ws::opcode::continuation ? start_continuation(p) : start_message(p, to)))
    return false;
  if (passing_) {
    to.put(p.data);
    passing_ = !p.ends;
    return true;
  }
  if (!gather(p.data))
    return false;
  if (p.ends && p.fin) {
    in_message_ = false;
    gathered_whole_ = true;
    gathered_memory_.step_back();
    reactor().cancel(std::exchange(gather_timer_, 0));
  }
  return true;
}

bool ws_stream::start_message(const ws::piece& p, target_bytes& to) {
  if (p.code == ws::opcode::text)
    return break_off(refusal::websocket_violation, close_code::not_binary, "sent a text message");
  if (in_message_)
    return break_off(refusal::websocket_violation, close_code::protocol_error, "began a WebSocket message inside of another");
  // One that is too large for this node passes by the owner, who knows how to give it up.
  if (p.length > ockam::frame_reader::most_passed_by)
    return break_off(refusal::frame_too_large, close_code::too_big, "announced a message of " + std::to_string(p.length) + " bytes");
  if (p.fin) {
    to.put_length(static_cast<std::size_t>(p.length));
    passing_ = true;
    return true;
  }
  in_message_ = true;
  gathered_at_check_ = 0;
  gather_began_ = reactor().now();
  watch_gathering();
  return true;
}

bool ws_stream::start_continuation(const ws::piece& p) {
  if (!in_message_)
    return break_off(refusal::websocket_violation, close_code::protocol_error, "continued a WebSocket message that it had not begun");
  constexpr auto most = ockam::frame_reader::most_passed_by;
  if (p.length > most - gathered_.size())
    return break_off(refusal::frame_too_large, close_code::too_big, "sent a message of over " + std::to_string(most) + " bytes in parts");
  return true;
}

bool ws_stream::gather(std::span<const std::byte> data) {
  if (gathered_.append(data, reactor().now()))
    return true;
  gathered_memory_.step_back();
  return break_off(refusal::over_budget, close_code::try_again, "sent a message in parts while there was no memory for it");
}

void ws_stream::give_gathered(target_bytes& to) {
  if (!gathered_whole_ || (!gathered_begun_ && to.room() < least_room))
    return;
  if (!std::exchange(gathered_begun_, true))
    to.put_length(gathered_.size());
  while (to.room() > 0 && gathered_.taken() < gathered_.size())
    to.put(gathered_.take(to.room()));
  if (gathered_.taken() == gathered_.size())
    drop_gathered();
}

void ws_stream::drop_gathered() {
  reactor().cancel(std::exchange(gather_timer_, 0));
  gathered_.clear();
  gathered_begun_ = gathered_whole_ = false;
}

/// A message in parts has to be whole in the time that a frame has.
void ws_stream::watch_gathering() {
  constexpr std::size_t slowest = 256u << 10; // bytes a second, as in `stream_link`
  auto allowed = limit_.frame_timeout + std::chrono::seconds{gathered_.size() / slowest};
  auto since = reactor().now() - gather_began_;
  auto left = std::chrono::ceil<std::chrono::milliseconds>(allowed - since);
  auto arrived = gathered_.size() - std::exchange(gathered_at_check_, gathered_.size());
  bool idle = gathered_memory_.is_wasted(arrived, since);
  if (left.count() <= 0 || idle) {
    break_off(refusal::frame_timeout, close_code::protocol_error,
              idle ? "did not send on a message whose memory others wait for" : "did not finish a message in time");
    return notify_reader();
  }
  gather_timer_ = reactor().after(std::min(left, frame_pool::check_time), [this] {
    gather_timer_ = 0;
    watch_gathering();
  });
}

/// While its owner does not read, a message in parts cannot go on: its clock stands still.
void ws_stream::watch_read(bool on) {
  layered_stream::watch_read(on);
  auto now = reactor().now();
  if (!on) {
    if (!paused_)
      paused_ = now;
    reactor().cancel(std::exchange(gather_timer_, 0));
  } else if (auto since = std::exchange(paused_, std::nullopt)) {
    if (!in_message_ || state_ != state::open)
      return;
    gather_began_ += now - std::max(*since, gather_began_);
    watch_gathering();
  }
}

bool ws_stream::end_control(ws::opcode code) {
  auto payload = std::exchange(control_, {});
  if (code == ws::opcode::ping) {
    ping_ = std::move(payload);
    answer_ping();
    return true;
  }
  if (code == ws::opcode::pong)
    return true; // not asked for: allowed, and no answer
  if (payload.size() == 1)
    return break_off(refusal::websocket_violation, close_code::protocol_error, "sent half a close code");
  // The same code back, then the connection ends.
  payload.resize(std::min<std::size_t>(payload.size(), 2));
  if (writer_.missing() == 0 && !std::exchange(close_sent_, true))
    send_control(ws::opcode::close, payload);
  state_ = state::closed;
  return false;
}

void ws_stream::begin_linger() {
  constexpr std::chrono::milliseconds silence{100};
  linger_timer_ = reactor().after(silence, [this] {
    linger_timer_ = 0;
    if (std::exchange(heard_, false) && reactor().now() < linger_until_)
      return begin_linger();
    lingering_ = false;
    notify_reader();
  });
}

void ws_stream::linger() {
  iovec v{scratch().data(), scratch().size()};
  auto r = below().read({&v, 1});
  heard_ = heard_ || r.what == status::ok;
  if (r.what == status::eof || r.what == status::failed)
    lingering_ = false;
}

bool ws_stream::break_off(refusal why, close_code code, std::string what) {
  send_close(code);
  write_output();
  state_ = state::closed;
  violation_ = {why, std::move(what)};
  if (code == close_code::too_big) { // the rest of it is on its way
    lingering_ = true;
    linger_until_ = reactor().now() + std::chrono::seconds{1};
    rest_.clear();
    begin_linger();
  }
  return false;
}

// -- writing -----------------------------------------------------------------------------------------

net::io_result ws_stream::write(std::span<const iovec> from) {
  if (err_ || state_ == state::closed)
    return {status::failed, 0, err_.value_or(EPIPE)};
  if (state_ == state::upgrading)
    return {status::again, 0, 0};
  std::size_t taken = 0, offered = 0;
  for (const auto& v : from) {
    offered += v.iov_len;
    if (taken + v.iov_len == offered)
      taken += take_output(static_cast<const std::byte*>(v.iov_base), v.iov_len);
  }
  write_output();
  update();
  if (err_)
    return {status::failed, 0, *err_};
  return taken > 0 ? net::io_result{status::ok, taken, 0} : net::io_result{status::again, 0, 0};
}

/// Makes frames of the owner's bytes; how many of them were taken.
std::size_t ws_stream::take_output(const std::byte* from, std::size_t n) {
  std::span<const std::byte> in{from, n};
  if (!in.empty() && !std::exchange(preamble_taken_, true))
    in = in.subspan(1);
  while (!in.empty()) {
    if (out_.bytes() >= high_water) {
      write_output();
      if (out_.bytes() >= high_water)
        break;
    }
    if (writer_.missing() > 0) {
      auto part = in.first(static_cast<std::size_t>(std::min<std::uint64_t>({in.size(), writer_.missing(), out_queue::block_size})));
      writer_.payload(part);
      in = in.subspan(part.size());
      continue;
    }
    answer_ping();
    auto part = in.first(std::min(in.size(), length_.size() - length_have_));
    std::memcpy(length_.data() + length_have_, part.data(), part.size());
    length_have_ += part.size();
    in = in.subspan(part.size());
    if (length_have_ == length_.size()) {
      length_have_ = 0;
      writer_.begin(ws::opcode::binary, stream_codec::read_length(length_.data()));
    }
  }
  return n - in.size();
}

void ws_stream::send_control(ws::opcode code, std::span<const std::byte> payload) {
  writer_.begin(code, payload.size());
  writer_.payload(payload);
}

/// Between two frames only: inside of one the connection just ends.
void ws_stream::send_close(close_code code) {
  if (state_ != state::open || writer_.missing() > 0 || std::exchange(close_sent_, true))
    return;
  auto value = static_cast<std::uint16_t>(code);
  std::array<std::byte, 2> payload{static_cast<std::byte>(value >> 8), static_cast<std::byte>(value)};
  send_control(ws::opcode::close, payload);
}

/// A peer that sends pings and does not read gets one pong, for the last of them.
void ws_stream::answer_ping() {
  if (!ping_ || writer_.missing() > 0 || out_.bytes() >= high_water || close_sent_)
    return;
  send_control(ws::opcode::pong, *std::exchange(ping_, std::nullopt));
}

void ws_stream::write_output() {
  answer_ping();
  if (out_.empty())
    return;
  if (auto r = out_.write_to(below()); r.what == status::failed)
    err_ = r.err;
}

} // namespace ockam
