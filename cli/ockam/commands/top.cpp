// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/commands/commands.hpp"

#include "cli/ockam/interrupt.hpp"
#include "cli/ockam/nodes.hpp"
#include "cli/ockam/top_view.hpp"
#include "cli/state/node_process.hpp"
#include "runtime/core/units.hpp"
#include "transports/list.hpp"

#include <ctime>
#include <fstream>
#include <sys/ioctl.h>
#include <unistd.h>

namespace ockam::cli {

namespace {

constexpr std::chrono::milliseconds answer_time{1'000}; ///< one node that hangs must not keep the others from the screen

std::uint64_t resident_of(std::uint32_t pid) {
  std::ifstream in{"/proc/" + std::to_string(pid) + "/statm"};
  std::uint64_t size = 0, resident = 0;
  in >> size >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

node_sample sample(invocation& in, const std::string& name) {
  node_sample out;
  out.name = name;
  out.at = std::chrono::steady_clock::now();
  deadline by{answer_time};
  auto c = control_client::connect(in.home.control_socket(name).string(), name, by);
  if (!c) {
    out.trouble = "is not running";
    return out;
  }
  auto fail = [&](const error& e) {
    out.trouble = e.cause;
    return out;
  };
  control::Request show;
  show.mutable_show_node();
  auto shown = c->call(std::move(show), by);
  if (!shown)
    return fail(shown.error());
  out.info = std::move(*shown->mutable_node());
  for (const auto& t : transport_descriptors) {
    control::Request list;
    list.mutable_list_connections()->set_transport(std::string{t.name});
    auto links = c->call(std::move(list), by);
    if (!links)
      return fail(links.error());
    for (auto& l : *links->mutable_connections()->mutable_connections())
      out.links.push_back(std::move(l));
  }
  out.resident = resident_of(out.info.pid());
  return out;
}

/// Those that are named, or all that run.
result<std::vector<std::string>> chosen(invocation& in) {
  auto named = named_nodes(in);
  if (!named || !named->empty())
    return named;
  std::vector<std::string> out;
  auto db = in.database();
  auto rows = db ? (*db)->nodes() : result<std::vector<state::node_row>>{std::move(db).error()};
  if (!rows)
    return std::move(rows).error();
  for (const auto& r : *rows)
    if (state::status_of(in.home, r) == state::node_status::running)
      out.push_back(r.name);
  if (out.empty())
    return error{errc::not_found, "no node runs", "ockam node create makes one"};
  return out;
}

std::string heading() {
  auto now = std::time(nullptr);
  std::tm parts{};
  ::localtime_r(&now, &parts);
  char text[32];
  std::strftime(text, sizeof(text), "%H:%M:%S", &parts);
  return "ockam top  " + std::string{text} + "  (Ctrl-C ends)\n";
}

std::vector<node_sample> sample_all(invocation& in, const std::vector<std::string>& names) {
  std::vector<node_sample> out;
  for (const auto& name : names)
    out.push_back(sample(in, name));
  return out;
}

/// JSON: an object a line, for programs that follow.
result<void> print_data(invocation& in, json data, bool once) {
  if (once)
    return in.out.show({std::move(data), {}, {}});
  auto ok = in.out.data_line(std::move(data));
  return ok ? in.out.end_of_lines() : ok;
}

result<void> top(invocation& in) {
  auto names = chosen(in);
  if (!names)
    return std::move(names).error();
  auto interval = *parse_duration(in.args.get("interval"));
  bool once = in.args.has("once");
  catch_interrupt();
  auto before = sample_all(in, *names);
  while (true) {
    pause_for(interval);
    if (interrupted())
      break;
    auto now = sample_all(in, *names);
    auto data = top_data(before, now);
    before = std::move(now);
    winsize size{};
    bool is_live = in.out.style().out_is_terminal && !once;
    if (is_live)
      (void)::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    if (in.out.style().as_json) {
      if (auto ok = print_data(in, std::move(data), once); !ok)
        return ok;
    } else if (is_live) {
      in.out.screen(heading() + top_page(data, size.ws_col, size.ws_row > 2 ? size.ws_row - 2 : 0));
    } else {
      in.out.line(top_page(data, in.out.style().width, 0));
    }
    if (once)
      break;
  }
  return {};
}

result<void> check_interval(const std::string& text) {
  auto d = parse_duration(text);
  if (!d)
    return std::move(d).error();
  if (d->count() < 100)
    return error{errc::invalid_argument, "it is below 100ms", {}};
  return {};
}

} // namespace

std::vector<command> top_command() {
  return {{.path = "top",
           .about = "Watch nodes: traffic of their links, drops, memory",
           .arguments = {{.name = "NODE", .about = "Nodes; all that run if not given", .required = false, .repeated = true}},
           .options = {{.name = "once", .about = "Print it once, after one interval"},
                       {.name = "interval", .letter = 'i', .value = "DURATION", .about = "From one look to the next", .fallback = "1s", .check = &check_interval}},
           .example = "ockam top n1 n2 --interval 2s",
           .run = &top}};
}

} // namespace ockam::cli
