// SPDX-License-Identifier: Apache-2.0
#include "identity/channel_message.hpp"

#include "runtime/core/cbor_route.hpp"

#include <algorithm>

namespace ockam::identities::channel_message {

namespace {

using cbor::major;

enum : std::uint64_t { kind_for_worker = 0, kind_refresh = 1, kind_end = 2 };

/// `[message, padding]`, `[0, [[onward, return, payload]]]` up to the routes.
constexpr std::byte opening_bytes[] = {std::byte{0x82}, std::byte{0x82}, std::byte{0x00}, std::byte{0x81},
                                       std::byte{0x83}};

cbor::route_measure measure(auto each) {
  cbor::route_measure m;
  each([&](address_view a) { m(a); });
  return m;
}

/// The routes and the payload of a message for a worker; the reader stands at the first of its fields.
std::optional<decoded> read_for_worker(cbor::reader& in, route_header& header) {
  structure fields{in};
  if (!fields.next())
    return std::nullopt;
  // Twice over the onward route: its entries stand behind those of the return route in the header, which come first.
  auto onward = in;
  cbor::route_measure size;
  if (cbor::read_route(in, size) || !fields.next())
    return std::nullopt;
  auto back = in;
  if (cbor::read_route(in, size))
    return std::nullopt;
  header.reserve(size.bytes + 3 * size.hops); // an entry may take up to 3 bytes more than in CBOR
  (void)cbor::read_route(back, [&](address_view a) { header.append_return(a); });
  (void)cbor::read_route(onward, [&](address_view a) { header.append_onward(a); });
  auto payload = fields.next() ? in.read_bytes() : std::nullopt;
  if (!payload || !fields.skip_rest())
    return std::nullopt;
  return for_worker{*payload, {}};
}

std::optional<decoded> read_refresh(cbor::reader& in) {
  structure fields{in};
  auto history = fields.next() ? read_history(in) : std::nullopt;
  auto credentials = history && fields.next() ? read_credentials(in) : std::nullopt;
  if (!credentials || !fields.skip_rest())
    return std::nullopt;
  return refresh{*std::move(history), *std::move(credentials)};
}

std::optional<decoded> read_message(cbor::reader& in, std::size_t size, route_header& header) {
  auto kind = read_choice(in);
  if (!kind || *kind > kind_end || (*kind == kind_refresh && size > max_refresh))
    return std::nullopt;
  structure fields{in};
  if (*kind == kind_end)
    return fields.skip_rest() ? std::optional<decoded>{end_of_channel{}} : std::nullopt;
  if (!fields.next())
    return std::nullopt;
  auto out = *kind == kind_for_worker ? read_for_worker(in, header) : read_refresh(in);
  return fields.skip_rest() ? std::move(out) : std::nullopt;
}

} // namespace

std::size_t tail_size(std::size_t padding) noexcept { return cbor::head_size(padding) + padding; }

std::byte* write_tail(std::byte* out, bytes_view padding) noexcept {
  out = cbor::write_head(out, major::bytes, padding.size());
  return std::copy(padding.begin(), padding.end(), out);
}

std::size_t head_size(const route_header& header, std::size_t payload) noexcept {
  auto onward = measure([&](auto f) { header.each_onward(f); });
  auto back = measure([&](auto f) { header.each_return(f); });
  return sizeof opening_bytes + cbor::head_size(onward.hops) + onward.bytes + cbor::head_size(back.hops) + back.bytes
         + cbor::head_size(payload);
}

std::byte* write_head(std::byte* out, const route_header& header, std::size_t payload) noexcept {
  out = std::copy(std::begin(opening_bytes), std::end(opening_bytes), out);
  out = cbor::write_route(out, [&](auto f) { header.each_onward(f); });
  out = cbor::write_route(out, [&](auto f) { header.each_return(f); });
  return cbor::write_head(out, major::bytes, payload);
}

bytes encode_refresh(const change_history& history, std::span<const credential> credentials) {
  encoder out;
  out.array(2).array(2).uint(kind_refresh).array(1).array(2);
  encode(out, history);
  encode_credentials(out, credentials);
  return out.byte_string({}).take();
}

result<decoded> decode(bytes_view plaintext, route_header& header) {
  cbor::reader in{plaintext};
  structure fields{in};
  auto message = fields.next() ? read_message(in, plaintext.size(), header) : std::nullopt;
  auto padding = message && fields.next() ? in.read_bytes() : std::nullopt;
  if (!padding || !fields.skip_rest())
    return error{errc::malformed, "a message of a channel opens, and does not decode", {}};
  if (auto* m = std::get_if<for_worker>(&*message))
    m->padding = *padding;
  return *std::move(message);
}

} // namespace ockam::identities::channel_message
