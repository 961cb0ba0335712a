// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/commands/commands.hpp"

#include "cli/ockam/invocation.hpp"
#include "runtime/core/printable.hpp"
#include "services/lua/script_check.hpp"

namespace ockam::cli {

namespace {

result<void> check(invocation& in) {
  auto file = in.args.get("FILE");
  auto problems = lua::check_script(file);
  auto data = json::array();
  std::string text;
  std::size_t wrong = 0;
  for (const auto& p : problems) {
    wrong += p.certain;
    data.push_back({{"file", file}, {"line", p.line}, {"severity", p.certain ? "error" : "warning"}, {"cause", p.cause}, {"hint", p.hint}});
    text += (text.empty() ? "" : "\n") + file + ":" + (p.line > 0 ? std::to_string(p.line) + ":" : "")
            + (p.certain ? " " : " warning: ") + printable_lines(p.cause + (p.hint.empty() ? "" : " (" + p.hint + ")"));
  }
  if (problems.empty())
    text = done_line(file + " is a script that a node can run");
  if (auto ok = in.out.show({std::move(data), text, text}); !ok)
    return ok;
  if (wrong > 0)
    return error{errc::invalid_argument, file + " is not a script that a node can run", {}};
  return {};
}

} // namespace

std::vector<command> script_commands() {
  return {{.path = "script check",
           .about = "Say what is wrong with a Lua script, without a node",
           .arguments = {{.name = "FILE", .about = "The script"}},
           .example = "ockam script check greeter.lua",
           .run = &check},
          repl_command()};
}

} // namespace ockam::cli
