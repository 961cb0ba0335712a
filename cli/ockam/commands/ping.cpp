// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/commands/commands.hpp"

#include "cli/ockam/interrupt.hpp"
#include "cli/ockam/nodes.hpp"
#include "cli/ockam/sending.hpp"
#include "runtime/core/bare.hpp"
#include "runtime/core/units.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace ockam::cli {

namespace {

result<void> check_count(const std::string& text) {
  std::uint32_t n = 0;
  auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (text.empty() || ec != std::errc{} || end != text.data() + text.size() || n == 0)
    return error{errc::invalid_argument, "it is not a number above 0", {}};
  return {};
}

std::string ms_text(double ms) {
  char out[32];
  std::snprintf(out, sizeof(out), "%.3f", ms);
  return out;
}

/// A ping that got no reply, as opposed to one that could not be sent: the route is to blame.
bool is_loss(errc code) {
  return code == errc::timed_out || code == errc::undeliverable || code == errc::unreachable || code == errc::service_failed;
}

/// What ping(8) counts.
class statistics {
 public:
  void reply(std::uint64_t us) {
    auto ms = static_cast<double>(us) / 1000;
    least_ = received_ == 0 ? ms : std::min(least_, ms);
    most_ = std::max(most_, ms);
    sum_ += ms;
    ++received_;
    ++sent_;
    replies_.push_back({{"seq", sent_}, {"ms", ms}});
  }
  void loss(const error& e) {
    ++sent_;
    replies_.push_back({{"seq", sent_}, {"error", e.cause}});
  }
  std::uint64_t sent() const { return sent_; }
  std::uint64_t received() const { return received_; }

  std::string text() const {
    auto out = std::to_string(sent_) + " sent, " + std::to_string(received_) + " received, " + std::to_string(loss_percent()) + "% loss";
    if (received_ > 0)
      out += "\nround trip min/avg/max = " + ms_text(least_) + "/" + ms_text(sum_ / static_cast<double>(received_)) + "/" + ms_text(most_) + " ms";
    return out;
  }
  json data() && {
    json out{{"sent", sent_}, {"received", received_}, {"loss_percent", loss_percent()}, {"replies", std::move(replies_)}};
    for (auto [name, value] : {std::pair{"min_ms", least_}, {"avg_ms", received_ ? sum_ / static_cast<double>(received_) : 0}, {"max_ms", most_}})
      out[name] = received_ > 0 ? json(value) : json{};
    return out;
  }

 private:
  std::uint64_t loss_percent() const { return sent_ == 0 ? 0 : (sent_ - received_) * 100 / sent_; }

  std::uint64_t sent_ = 0, received_ = 0;
  double least_ = 0, most_ = 0, sum_ = 0;
  json replies_ = json::array();
};

result<void> ping(invocation& in) {
  auto origin = resolve_route(in, in.args.get("ROUTE"), in.args.get("from"));
  if (!origin)
    return std::move(origin).error();
  auto c = open_node(in, origin->node);
  if (!c)
    return std::move(c).error();
  auto count = in.args.has("count") ? std::stoul(in.args.get("count")) : 0;
  auto interval = *parse_duration(in.args.get("interval"));
  auto timeout = *parse_duration(in.args.get("timeout"));
  auto body = bare::encode_string("ping"); // text, for workers that take nothing else
  catch_interrupt();
  in.out.line("ping from node " + origin->node + " along " + origin->route);
  statistics seen;
  std::optional<error> last;
  while (!interrupted()) {
    deadline next{interval};
    control::Request r;
    r.mutable_send_message()->set_route(origin->route);
    r.mutable_send_message()->set_payload(body.data(), body.size());
    auto answered = c->call(std::move(r), deadline{timeout});
    if (!answered && !is_loss(answered.error().code))
      return std::move(answered).error();
    if (answered) {
      seen.reply(answered->reply().round_trip_us());
      in.out.line("reply: seq=" + std::to_string(seen.sent()) + " time=" + ms_text(static_cast<double>(answered->reply().round_trip_us()) / 1000) + " ms");
    } else {
      last = answered.error();
      seen.loss(*last);
      in.out.line("seq=" + std::to_string(seen.sent()) + ": " + last->cause);
    }
    if (count != 0 && seen.sent() >= count)
      break;
    pause_for(next.left());
  }
  in.out.line(seen.text());
  bool none = seen.received() == 0 && last;
  if (in.out.style().as_json) {
    auto data = std::move(seen).data();
    data["from"] = origin->node;
    data["route"] = origin->route;
    if (auto ok = in.out.show({std::move(data), {}}); !ok)
      return ok;
  }
  if (none)
    return std::move(*last);
  return {};
}

} // namespace

std::vector<command> ping_command() {
  return {{.path = "ping",
           .about = "Send messages along a route again and again, and measure how long the replies take",
           .arguments = {{.name = "ROUTE", .about = "/node/n1/service/echo, or any worker that replies to text", .check = &check_route}},
           .options = {node_option("from", "Node to send from"),
                       {.name = "count", .letter = 'c', .value = "N", .about = "Stop after this many; otherwise Ctrl-C does", .check = &check_count},
                       {.name = "interval", .letter = 'i', .value = "DURATION", .about = "From one to the next", .fallback = "1s", .check = &check_duration},
                       {.name = "timeout", .value = "DURATION", .about = "Give up a reply after this time", .fallback = "5s", .check = &check_duration}},
           .example = "ockam ping /node/n1/service/echo -c 3",
           .run = &ping}};
}

} // namespace ockam::cli
