// SPDX-License-Identifier: Apache-2.0
#include "transports/udp/udp_outbox.hpp"

#include <algorithm>
#include <cstring>

namespace ockam {

using status = net::io_result::status;

udp_outbox::item udp_outbox::make(std::size_t size) {
  item i;
  i.size = size;
  i.block = std::make_unique_for_overwrite<std::byte[]>(udp_codec::max_head + size);
  return i;
}

void udp_outbox::push(item i) {
  i.total = static_cast<std::uint16_t>((i.size + slice_bytes_ - 1) / slice_bytes_);
  bytes_ += i.size;
  items_.push_back(std::move(i));
}

udp_outbox::item udp_outbox::pop() {
  auto i = std::move(items_.front());
  items_.pop_front();
  bytes_ -= i.size;
  return i;
}

/// Describes the datagrams that come next; how many.
std::size_t udp_outbox::fill() {
  std::size_t n = 0;
  for (auto& i : items_) {
    for (auto slice = i.next; slice < i.total && n < batch; ++slice, ++n) {
      auto from = slice * slice_bytes_;
      auto size = std::min(slice_bytes_, i.size - from);
      auto head = udp_codec::write_head(heads_[n].data(), i.number, slice, i.total, size);
      auto* bytes = message_of(i) + from;
      out_[n].to = i.to ? &*i.to : nullptr;
      out_[n].from = i.from ? &*i.from : nullptr;
      if (i.total == 1) { // in one piece
        std::memcpy(bytes - head, heads_[n].data(), head);
        out_[n].parts = {iovec{bytes - head, head + size}, iovec{}};
      } else {
        out_[n].parts = {iovec{heads_[n].data(), head}, iovec{bytes, size}};
      }
    }
    if (n == batch)
      break;
  }
  return n;
}

/// The first ones of those have gone out; their bytes.
std::size_t udp_outbox::sent(std::size_t datagrams) {
  std::size_t bytes = 0;
  for (std::size_t n = 0; n < datagrams; ++n) {
    bytes += out_[n].parts[0].iov_len + out_[n].parts[1].iov_len;
    if (++items_.front().next < items_.front().total)
      continue;
    messages_sent_ += items_.front().what != nullptr;
    (void)pop();
  }
  bytes_sent_ += bytes;
  return bytes;
}

net::io_result udp_outbox::write_to(net::datagrams& s, std::size_t most) {
  for (std::size_t bytes = 0; !empty() && bytes < most;) {
    auto count = fill();
    auto r = s.send({out_.data(), count});
    if (r.what != status::ok)
      return r;
    bytes += sent(r.bytes);
  }
  return {status::ok, 0, 0};
}

} // namespace ockam
