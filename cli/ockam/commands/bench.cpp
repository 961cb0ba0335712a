// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/commands/commands.hpp"

#include "cli/ockam/bench_result.hpp"
#include "cli/ockam/interrupt.hpp"
#include "cli/ockam/nodes.hpp"
#include "cli/ockam/sending.hpp"
#include "cli/ockam/tcp_load.hpp"
#include "cli/state/files.hpp"
#include "runtime/core/section.hpp"
#include "runtime/core/units.hpp"

namespace ockam::cli {

namespace {

constexpr key_descriptor in_flight_key{.name = "in-flight", .type = key_type::number, .least = 1, .most = 65'536};
constexpr key_descriptor rate_key{.name = "rate", .type = key_type::number, .least = 1, .most = 10'000'000};
constexpr key_descriptor connections_key{.name = "connections", .type = key_type::number, .least = 1, .most = 1000};
constexpr key_descriptor size_key{.name = "size", .type = key_type::size, .least = 8, .most = 16u << 20};
constexpr key_descriptor duration_key{.name = "duration", .type = key_type::duration, .least = 100, .most = 86'400'000};

template <const key_descriptor& Key>
result<void> check(const std::string& text) {
  return outcome_of(read_value(Key, text));
}

std::uint64_t number(const key_descriptor& k, const std::string& text) {
  return text.empty() ? 0 : std::get<std::uint64_t>(*read_value(k, text));
}

bench_result result_of(const control::BenchReport& b) {
  bench_result r;
  r.elapsed_us = b.elapsed_us();
  r.sent = b.sent();
  r.answered = b.answered();
  r.answered_in_time = b.answered_in_time();
  for (const auto& e : b.errors())
    r.errors[e.name()] = e.count();
  for (const auto& l : b.latencies())
    r.latencies.add_to(l.number(), l.count());
  r.least_ns = b.least_ns();
  r.most_ns = b.most_ns();
  r.sum_ns = b.sum_ns();
  return r;
}

/// Measures along a route, as its first node sees it; what was asked for is in the result.
result<bench_result> along_route(invocation& in, bench_result wanted, std::chrono::milliseconds duration, std::chrono::milliseconds give_up) {
  auto origin = resolve_route(in, in.args.get("ROUTE"), in.args.get("from"));
  if (!origin)
    return std::move(origin).error();
  auto c = open_node(in, origin->node);
  if (!c)
    return std::move(c).error();
  control::Request request;
  auto& m = *request.mutable_bench_route();
  m.set_route(origin->route);
  m.set_size(wanted.size);
  m.set_in_flight(static_cast<std::uint32_t>(wanted.in_flight));
  m.set_duration_ms(static_cast<std::uint32_t>(duration.count()));
  m.set_rate(static_cast<std::uint32_t>(wanted.rate));
  m.set_give_up_ms(static_cast<std::uint32_t>(give_up.count()));
  deadline by{duration + 2 * give_up + std::chrono::seconds{10}};
  auto answered = c->call(std::move(request), by);
  auto now = wanted;
  while (answered) {
    now = result_of(answered->bench_report());
    if (answered->bench_report().end() || interrupted())
      break;
    in.out.progress(progress_line(now));
    answered = c->more(by);
  }
  in.out.progress({});
  if (!answered)
    return std::move(answered).error();
  now.what = origin->route;
  now.from = origin->node;
  now.size = wanted.size;
  now.in_flight = wanted.in_flight;
  now.rate = wanted.rate;
  return now;
}

result<bench_result> through_tcp(invocation& in, const bench_result& wanted, std::chrono::milliseconds duration, std::chrono::milliseconds give_up) {
  tcp_load_options o{in.args.get("tcp"), wanted.size, wanted.in_flight, number(connections_key, in.args.get("connections")), wanted.rate, duration, give_up, in.args.has("discard")};
  o.in_flight = std::max(o.in_flight, o.connections);
  auto found = load_tcp(o, [&](const bench_result& r) {
    in.out.progress(progress_line(r));
    return !interrupted();
  });
  in.out.progress({});
  return found;
}

result<json> earlier_run(invocation& in) {
  auto file = in.args.get("compare");
  if (file.empty())
    return json{};
  auto text = state::read_file(file);
  if (!text)
    return system_error("cannot read " + file, errno);
  auto j = json::parse(*text, nullptr, false);
  if (!j.is_object())
    return error{errc::invalid_argument, file + " is not a result of bench", "one that --save FILE or --output json has made"};
  return j;
}

result<void> show(invocation& in, const bench_result& r, const json& before) {
  auto data = to_json(r);
  auto text = page(r, in.out.style().width);
  if (before.is_object()) {
    auto rows = compare(r, before);
    if (!rows)
      return std::move(rows).error();
    text += "\n\n" + comparison_page(*rows);
    data["compared"] = *rows;
  }
  if (auto file = in.args.get("save"); !file.empty())
    if (auto ok = state::replace_file(file, data.dump(2) + "\n"); !ok)
      return ok;
  return in.out.show({std::move(data), text, text});
}

result<void> bench(invocation& in) {
  bool has_route = in.args.has("ROUTE"), has_tcp = in.args.has("tcp");
  if (has_route == has_tcp)
    return error{errc::invalid_argument, has_tcp ? "a route and --tcp are two things" : "there is nothing to measure", "a route whose last worker answers, as /node/n1/service/echo, or --tcp HOST:PORT"};
  auto before = earlier_run(in);
  if (!before)
    return std::move(before).error();
  bench_result wanted;
  wanted.size = number(size_key, in.args.get("size"));
  wanted.in_flight = number(in_flight_key, in.args.get("in-flight"));
  wanted.rate = number(rate_key, in.args.get("rate"));
  auto duration = *parse_duration(in.args.get("duration"));
  auto give_up = *parse_duration(in.args.get("timeout"));
  catch_interrupt();
  auto found = has_tcp ? through_tcp(in, wanted, duration, give_up) : along_route(in, wanted, duration, give_up);
  if (!found)
    return std::move(found).error();
  if (auto ok = show(in, *found, *before); !ok)
    return ok;
  if (found->answered == 0)
    return error{errc::timed_out, "nothing was answered", has_tcp ? "is there an echo behind it? with --discard nothing has to answer" : "ockam trace " + found->what + " shows where messages end"};
  return {};
}

} // namespace

std::vector<command> bench_command() {
  return {{.path = "bench",
           .about = "Measure how many messages a second go along a route and back, and how long they take",
           .arguments = {{.name = "ROUTE", .about = "/node/n1/service/echo, or any worker that sends back what it gets", .required = false, .check = &check_route}},
           .options = {node_option("from", "Node to send from"),
                       {.name = "tcp", .value = "HOST:PORT", .about = "Instead of a route: a TCP server that sends back what it gets, as one behind a portal"},
                       {.name = "discard", .about = "With --tcp: the server answers nothing; only what it takes is measured", .needs = "tcp"},
                       {.name = "connections", .value = "N", .about = "With --tcp: connections that share what is in flight", .fallback = "1", .check = &check<connections_key>},
                       {.name = "size", .letter = 's', .value = "BYTES", .about = "Of each message", .fallback = "64", .check = &check<size_key>},
                       {.name = "in-flight", .letter = 'n', .value = "N", .about = "Messages without an answer at one time", .fallback = "1", .check = &check<in_flight_key>},
                       {.name = "duration", .letter = 'd', .value = "DURATION", .about = "Send for this long", .fallback = "5s", .check = &check<duration_key>},
                       {.name = "rate", .letter = 'r', .value = "N", .about = "Messages a second; as fast as answers come if not given. The time of each counts from when it was due", .check = &check<rate_key>},
                       {.name = "save", .value = "FILE", .about = "Write the result there, as JSON"},
                       {.name = "compare", .value = "FILE", .about = "Compare with an earlier result"},
                       {.name = "timeout", .value = "DURATION", .about = "Give up an answer after this time", .fallback = "5s", .check = &check<duration_key>}},
           .example = "ockam bench /node/n1/service/echo --in-flight 100 --duration 3s",
           .run = &bench}};
}

} // namespace ockam::cli
