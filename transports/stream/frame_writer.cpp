// SPDX-License-Identifier: Apache-2.0
#include "transports/stream/frame_writer.hpp"

#include "transports/codec/stream_codec.hpp"
#include "transports/codec/wire_codec.hpp"

#include <cstring>
#include <utility>

namespace ockam {

void frame_writer::preamble() {
  *out_.append(1) = stream_codec::preamble;
}

std::optional<std::size_t> frame_writer::add(message& m) {
  auto extra = codec_->extras(m.header);
  if (tells_identity_ && m.identity())
    extra = wire_codec::with_identity(extra, *m.identity());
  auto size = codec_->measure(m.header, m.body.size(), extra);
  if (size.total > max_frame_)
    return std::nullopt;
  bool whole = m.body.size() < out_queue::large;
  auto* at = out_.append(stream_codec::length_bytes + (whole ? size.total : size.head));
  at = stream_codec::write_length(at, size.total);
  at = codec_->write_head(at, m.header, m.body.size(), !extra.empty());
  if (whole) {
    auto body = m.body.bytes();
    if (!body.empty())
      std::memcpy(at, body.data(), body.size());
    codec_->write_tail(at + body.size(), extra);
  } else {
    out_.append(std::move(m.body));
    if (size.tail > 0)
      codec_->write_tail(out_.append(size.tail), extra);
  }
  out_.keep(std::move(m.held));
  return stream_codec::length_bytes + size.total;
}

std::size_t frame_writer::heartbeat() {
  const auto& beat = codec_->heartbeat;
  auto size = stream_codec::length_bytes + beat.size();
  std::memcpy(stream_codec::write_length(out_.append(size), beat.size()), beat.data(), beat.size());
  return size;
}

} // namespace ockam
