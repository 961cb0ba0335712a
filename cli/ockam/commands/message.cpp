// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/commands/commands.hpp"

#include "cli/ockam/nodes.hpp"
#include "cli/ockam/sending.hpp"
#include "runtime/core/bare.hpp"
#include "runtime/core/hex.hpp"
#include "runtime/core/payload_text.hpp"
#include "runtime/core/trace_context.hpp"
#include "runtime/core/utf8.hpp"

namespace ockam::cli {

namespace {

result<std::string> payload_of(const std::string& text, bool hex) {
  if (!hex) {
    auto bytes = bare::encode_string(text);
    return std::string{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }
  auto bytes = parse_hex(text);
  if (!bytes)
    return error{errc::invalid_argument, "The message is not a valid hex string: " + bytes.error().cause, "two digits for each byte: 00ff10"};
  return std::string{reinterpret_cast<const char*>(bytes->data()), bytes->size()};
}

/// A reply as text: a BARE string, as services of the reference answer, or else the bytes as they are, JSON for one.
std::optional<std::string> text_of(std::span<const std::byte> bytes) {
  if (auto s = payload_text(bytes))
    return std::string{*s};
  std::string_view raw{reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  return is_utf8(raw) ? std::optional{std::string{raw}} : std::nullopt;
}

result<void> send(invocation& in) {
  bool hex = in.args.has("hex");
  auto payload = payload_of(in.args.get("MESSAGE"), hex);
  if (!payload)
    return std::move(payload).error();
  auto origin = resolve_route(in, in.args.get("to"), in.args.get("from"));
  if (!origin)
    return std::move(origin).error();
  control::Request r;
  r.mutable_send_message()->set_route(origin->route);
  r.mutable_send_message()->set_payload(std::move(*payload));
  if (in.args.has("trace")) {
    auto trace = begin_trace(1);
    r.mutable_send_message()->set_traceparent(trace.traceparent());
    in.out.aside(trace.trace_id_text()); // before the reply, which may never come
  }
  auto answered = ask_node(in, origin->node, std::move(r));
  if (!answered)
    return std::move(answered).error();
  auto bytes = std::as_bytes(std::span{answered->reply().payload()});
  auto text = text_of(bytes);
  auto digits = to_hex(bytes);
  answer a{{{"reply", text ? json(*text) : json{}}, {"hex", digits}, {"from", origin->node}, {"route", origin->route}}, {}};
  if (!hex && !text && !in.out.style().as_json)
    return error{errc::invalid_argument, "the reply is not text: " + std::to_string(bytes.size()) + " bytes", "print it with --hex"};
  a.text = hex ? digits : text.value_or("");
  a.plain = a.text;
  return in.out.show(a);
}

} // namespace

std::vector<command> message_commands() {
  return {{.path = "message send",
           .about = "Send a message along a route and print the reply",
           .arguments = {{.name = "MESSAGE", .about = "Text, or bytes with --hex"}},
           .options = {{.name = "to", .value = "ROUTE", .about = "Where to: /node/n1/service/echo; - stands for a line from standard input", .required = true, .check = &check_route},
                       node_option("from", "Node to send from"),
                       {.name = "hex", .about = "The message is hex digits, and so is the reply"},
                       {.name = "trace", .about = "Begin a trace (W3C Trace Context) with it; its id is printed on standard error"},
                       timeout_option()},
           .example = "ockam message send hello --to /node/n1/service/echo",
           .run = &send}};
}

} // namespace ockam::cli
