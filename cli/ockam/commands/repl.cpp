// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/commands/commands.hpp"

#include "cli/ockam/line_editor.hpp"
#include "cli/ockam/nodes.hpp"
#include "runtime/core/address.hpp"
#include "runtime/core/bare.hpp"
#include "runtime/core/units.hpp"

#include <iostream>
#include <unistd.h>

namespace ockam::cli {

namespace {

constexpr std::chrono::seconds usual{10};

/// The service inside the node that evaluates lines, for as long as this lives. See services/lua/repl_service.cpp
/// for what it is asked and what it answers.
class session {
 public:
  static result<session> open(invocation& in, const std::string& node, std::chrono::milliseconds timeout) {
    auto c = open_node(in, node);
    if (!c)
      return std::move(c).error();
    session s{std::move(*c), "repl-" + random_hex_128().substr(0, 8), timeout};
    control::Request r;
    r.mutable_start_service()->set_type("repl");
    r.mutable_start_service()->set_address(s.address_);
    r.mutable_start_service()->set_of_session(true); // whatever ends this program
    if (auto ok = s.client_.call(std::move(r), deadline{usual}); !ok)
      return std::move(ok).error();
    s.open_ = true;
    return s;
  }
  session(session&& other) noexcept
    : client_{std::move(other.client_)}, address_{std::move(other.address_)}, timeout_{other.timeout_}, open_{std::exchange(other.open_, false)} {}
  session& operator=(session&&) = delete;
  ~session() {
    if (!open_)
      return;
    control::Request r;
    r.mutable_stop_service()->set_address(address_);
    (void)client_.call(std::move(r), deadline{usual});
  }

  /// What the node made of the lines.
  result<json> evaluate(const std::string& lines) {
    control::Request r;
    auto& m = *r.mutable_send_message();
    m.set_route("/service/" + address_);
    auto body = bare::encode_string(lines);
    m.set_payload(body.data(), body.size());
    auto answered = client_.call(std::move(r), deadline{timeout_});
    if (!answered)
      return std::move(answered).error();
    const auto& payload = answered->reply().payload();
    auto text = bare::decode_string(std::as_bytes(std::span{payload}));
    auto j = text ? json::parse(*text, nullptr, false) : json{};
    if (!j.is_object())
      return error{errc::malformed, "node " + client_.node() + " gave an answer that is none", {}};
    return j;
  }

 private:
  session(control_client c, std::string address, std::chrono::milliseconds timeout)
    : client_{std::move(c)}, address_{std::move(address)}, timeout_{timeout} {}

  control_client client_;
  std::string address_;
  std::chrono::milliseconds timeout_;
  bool open_ = false;
};

void print(invocation& in, const json& j) {
  if (in.out.style().as_json) {
    std::cout << j.dump() << std::endl; // one object for each question, as it comes
    return;
  }
  if (auto it = j.find("output"); it != j.end()) {
    auto text = it->get<std::string>();
    if (text.ends_with('\n'))
      text.pop_back();
    in.out.line(text);
  }
  for (const auto& r : j.value("results", json::array()))
    in.out.line(r.get<std::string>());
}

result<void> run(invocation& in) {
  auto node = node_or_default(in, in.args.get("at"), without_default::create);
  if (!node)
    return std::move(node).error();
  bool interactive = ::isatty(STDIN_FILENO) != 0 && in.out.style().out_is_terminal;
  auto s = session::open(in, *node, *parse_duration(in.args.get("timeout")));
  if (!s)
    return std::move(s).error();
  if (interactive)
    in.out.notice("Lua 5.4 inside node " + *node + "; Ctrl-D ends it");
  line_editor editor{interactive, in.home.script_history().string()};
  std::string lines;
  std::size_t failed = 0;
  auto complain = [&](const std::string& what) {
    ++failed;
    in.out.fail({errc::service_failed, what, {}});
  };
  while (true) {
    auto line = editor.read(lines.empty() ? *node + "> " : std::string(node->size(), '.') + "> ");
    if (!line) {
      if (!lines.empty() && editor.why() == line_editor::end::input)
        complain("the input ends in the middle of a statement");
      lines.clear();
      if (editor.why() == line_editor::end::input)
        break;
      continue;
    }
    lines += (lines.empty() ? "" : "\n") + *line;
    if (lines.empty())
      continue;
    auto answer = s->evaluate(lines);
    if (!answer && answer.error().code != errc::timed_out)
      return std::move(answer).error();
    if (answer && answer->contains("incomplete"))
      continue;
    lines.clear();
    if (answer) {
      print(in, *answer);
      if (auto e = answer->find("error"); e != answer->end() && !in.out.style().as_json)
        complain(e->get<std::string>());
      else
        failed += e != answer->end();
    } else {
      complain(answer.error().cause);
    }
  }
  if (failed > 0 && !interactive)
    return error{errc::service_failed, std::to_string(failed) + (failed == 1 ? " statement" : " statements") + " failed", {}};
  return {};
}

} // namespace

command repl_command() {
  return {.path = "script repl",
          .about = "Open a Lua prompt inside a node: send, request and the other functions of scripts are there",
          .options = {node_option("at", "Node to be in"),
                      {.name = "timeout", .value = "DURATION", .about = "Give up a statement after this time", .fallback = "30s", .check = &check_duration}},
          .example = "echo 'request(\"/service/uppercase\", \"hi\").text' | ockam script repl --at n1",
          .run = &run};
}

} // namespace ockam::cli
