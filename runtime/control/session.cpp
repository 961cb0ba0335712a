// SPDX-License-Identifier: Apache-2.0
#include "runtime/control/session.hpp"

#include <array>

namespace ockam {

control_session::control_session(std::uint64_t id, net::stream_ptr s, events e)
  : id_{id}, stream_{std::move(s)}, events_{std::move(e)} {
  stream_->attach(this);
  stream_->watch_read(true);
}

void control_session::end(std::string why) {
  if (std::exchange(ended_, true))
    return;
  stream_->watch_read(false);
  stream_->watch_write(false);
  events_.on_end(*this, std::move(why));
}

void control_session::on_readable() {
  std::array<char, 16384> chunk;
  iovec v{chunk.data(), chunk.size()};
  auto r = stream_->read({&v, 1});
  using status = net::io_result::status;
  if (r.what == status::again)
    return;
  if (r.what != status::ok)
    return end({});
  in_.insert(in_.end(), chunk.begin(), chunk.begin() + static_cast<std::ptrdiff_t>(r.bytes));
  take_requests();
}

void control_session::take_requests() {
  std::size_t pos = 0;
  while (in_.size() - pos >= 4 && !ended_) {
    std::uint32_t length = 0;
    for (std::size_t i = 0; i < 4; ++i)
      length = length << 8 | static_cast<std::uint8_t>(in_[pos + i]);
    if (length > max_request)
      return end("a request of " + std::to_string(length) + " bytes is too large");
    if (in_.size() - pos - 4 < length)
      break;
    control::Request request;
    if (!request.ParseFromArray(in_.data() + pos + 4, static_cast<int>(length)))
      return end("a request does not decode");
    pos += 4 + length;
    events_.on_request(*this, std::move(request));
  }
  in_.erase(in_.begin(), in_.begin() + static_cast<std::ptrdiff_t>(pos));
}

void control_session::send(const control::Response& r) {
  if (ended_)
    return;
  if (auto bytes = r.ByteSizeLong(); bytes > max_unsent) {
    control::Response instead;
    instead.set_id(r.id());
    instead.mutable_error()->set_code(static_cast<std::uint32_t>(errc::too_large));
    instead.mutable_error()->set_cause("the answer would have " + std::to_string(bytes) + " bytes, over the " + std::to_string(max_unsent) + " that a client gets");
    return send(instead);
  }
  auto size = static_cast<std::uint32_t>(r.ByteSizeLong());
  for (int shift = 24; shift >= 0; shift -= 8)
    out_.push_back(static_cast<char>(size >> shift));
  r.AppendToString(&out_);
  flush();
  if (out_.size() - written_ > max_unsent)
    end("the client does not read its answers");
}

void control_session::flush() {
  while (written_ < out_.size()) {
    iovec v{out_.data() + written_, out_.size() - written_};
    auto r = stream_->write({&v, 1});
    if (r.what == net::io_result::status::again)
      return stream_->watch_write(true);
    if (r.what != net::io_result::status::ok)
      return end({});
    written_ += r.bytes;
  }
  out_.clear();
  written_ = 0;
  stream_->watch_write(false);
}

} // namespace ockam
