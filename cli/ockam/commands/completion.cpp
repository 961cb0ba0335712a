// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/commands/commands.hpp"

#include "cli/ockam/completion.hpp"
#include "cli/ockam/invocation.hpp"

namespace ockam::cli {

namespace {

result<void> print(invocation& in) {
  auto shell = in.args.get("shell");
  auto script = completion_script(in.table, shell);
  return in.out.show({{{"shell", shell}, {"script", script}}, script, script});
}

} // namespace

std::vector<command> completion_command() {
  return {{.path = "completion",
           .about = "Print the completion script for a shell",
           .arguments = {},
           .options = {{.name = "shell", .value = "SHELL", .about = "Which shell", .required = true, .values = {"bash", "fish", "zsh"}}},
           .example = "source <(ockam completion --shell bash)",
           .run = &print}};
}

} // namespace ockam::cli
