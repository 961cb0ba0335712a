// SPDX-License-Identifier: Apache-2.0
// What links read beside the frames of TCP: WebSocket, messages between nodes of this implementation, BASP.
#include "fuzz/targets.hpp"

#include "transports/caf/basp_gate.hpp"
#include "transports/codec/native_codec.hpp"
#include "transports/ws/ws_frames.hpp"
#include "transports/ws/ws_handshake.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace ockam::fuzz {

namespace {

void must(bool condition) {
  if (!condition)
    std::abort();
}

/// Takes all frames out of `in`, in pieces of at most `room` bytes, as it would come in parts of at most `part`.
std::vector<std::byte> payloads(bytes in, ws::role own, std::size_t room, std::size_t part) {
  ws::frame_reader reader{own};
  std::vector<std::byte> out;
  std::uint64_t missing = 0;
  while (!in.empty() && reader.violation().empty()) {
    auto now = in.first(std::min(part, in.size()));
    in = in.subspan(now.size());
    while (true) {
      auto before = now.size();
      auto p = reader.next(now, room);
      if (!p) {
        must(now.empty() || !reader.violation().empty());
        break;
      }
      must(p->data.size() <= room && (now.size() < before || p->data.empty()));
      if (p->begins)
        missing = p->length;
      must(p->data.size() <= missing && (!ws::is_control(p->code) || p->length <= ws::max_control_payload));
      missing -= p->data.size();
      must(p->ends == (missing == 0));
      out.insert(out.end(), p->data.begin(), p->data.end());
      if (now.empty() && p->data.empty() && !p->ends)
        break;
    }
  }
  return out;
}

} // namespace

void ws_frames(bytes in) {
  for (auto own : {ws::role::server, ws::role::client}) {
    auto whole = payloads(in, own, 4096, in.size() + 1);
    must(whole.size() <= in.size());
    must(payloads(in, own, 4096, 1) == whole); // however the bytes arrive, they mean the same
    must(payloads(in, own, 3, 7) == whole);
  }
}

void ws_upgrade(bytes in) {
  std::string_view text{reinterpret_cast<const char*>(in.data()), in.size()};
  ws::upgrade_policy policy{"/ockam", {"https://example.org"}};
  for (const auto& u : {ws::read_request(text, policy), ws::read_request(text, {}), ws::read_response(text, "dGhlIHNhbXBsZSBub25jZQ==")}) {
    using status = ws::upgrade::status;
    must(u.consumed <= in.size());
    must((u.what == status::refused) == !u.problem.empty());
    must(u.what != status::incomplete || in.size() <= ws::max_upgrade);
  }
}

void native_frame(bytes in) {
  ockam::route_header h;
  auto d = native_codec::decode(in, h);
  if (d.bad)
    return;
  must(h.hop_budget() <= ockam::route_header::default_hop_budget);
  auto extras = native_codec::extras(h);
  auto size = native_codec::measure(h, d.body.size(), extras);
  std::string out(size.total, '\0');
  auto* at = native_codec::write_head(reinterpret_cast<std::byte*>(out.data()), h, d.body.size(), !extras.empty());
  if (!d.body.empty())
    std::memcpy(at, d.body.data(), d.body.size());
  must(native_codec::write_tail(at + d.body.size(), extras) == reinterpret_cast<std::byte*>(out.data()) + out.size());
  ockam::route_header again;
  auto same = native_codec::decode(std::as_bytes(std::span{out}), again);
  must(!same.bad && std::equal(same.body.begin(), same.body.end(), d.body.begin(), d.body.end()));
  must(again.onward() == h.onward() && again.return_route() == h.return_route());
}

void basp_frames(bytes in) {
  const basp_gate::dialect dialect{4, 0x21, "hello", "bytes"};
  for (auto side : {basp_gate::side::client, basp_gate::side::server}) {
    basp_gate gate{side, 7, dialect};
    auto rest = in;
    while (rest.size() >= basp_gate::header_bytes) {
      auto size = gate.header(rest.first<basp_gate::header_bytes>());
      rest = rest.subspan(basp_gate::header_bytes);
      if (!size) {
        must(!gate.problem().empty());
        break;
      }
      must(*size <= basp_gate::max_message); // what a link sets aside for it
      if (*size > rest.size())
        break;
      auto verdict = gate.payload(rest.first(*size));
      rest = rest.subspan(*size);
      must((verdict == basp_gate::verdict::refuse) == !gate.problem().empty());
      if (verdict == basp_gate::verdict::refuse || verdict == basp_gate::verdict::finish)
        break;
    }
  }
}

} // namespace ockam::fuzz
