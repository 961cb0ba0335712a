// SPDX-License-Identifier: Apache-2.0
// `support-bundle` and `backup`.
#include "cli/ockam/commands/commands.hpp"

#include "cli/ockam/archive.hpp"
#include "cli/ockam/backup.hpp"
#include "cli/ockam/interrupt.hpp"
#include "cli/ockam/nodes.hpp"
#include "cli/ockam/support_bundle.hpp"

namespace ockam::cli {

namespace fs = std::filesystem;

namespace {

/// The exit code of a shell for a program that Ctrl-C has ended, where that is why the command has failed.
template <class T>
T as_ended(invocation& in, T done) {
  if (!done && interrupted())
    in.failure_code = exit_interrupted;
  return done;
}

/// The page on what a bundle holds.
std::string page_of(const bundle_contents& contents) {
  std::string out = "# Support bundle\n\nMade by `ockam support-bundle` at " + time_of_archive()
                    + ". Look through it before you give it to anybody: names of nodes and hosts, addresses and what services have logged are in it.\n\n"
                      "Not in it: private keys, passphrases, tokens, passwords of proxies, cookies, what `${file:…}` stands for, comments of configurations, options of services whose\n"
                      "names tell that they are secrets (secret, password, token, credential, key of an API), and the payload of any message.\n\n| file | what it is |\n|---|---|\n";
  for (const auto& [file, about] : contents)
    out += "| `" + file + "` | " + about + " |\n";
  return out;
}

result<void> support_bundle(invocation& in) {
  auto named = named_nodes(in);
  if (!named)
    return std::move(named).error();
  auto names = named->empty() ? state::node_directories(in.home) : *std::move(named);
  auto name = "ockam-support-" + time_of_archive();
  fs::path file{in.args.has("to") ? in.args.get("to") : name + ".tar.gz"};
  auto draft = archive_draft::make(file, name, draft_directory::of_bundle);
  if (!draft)
    return std::move(draft).error();
  bundle_contents contents;
  auto ok = bundle_host(in, *draft, contents);
  for (const auto& n : names) {
    in.out.notice("    Looking at node " + n + "\n");
    if (ok)
      ok = bundle_node(in, *draft, n, contents);
  }
  if (ok)
    ok = draft->add("README.md", page_of(contents));
  if (ok)
    ok = draft->finish(in.args.has("force"));
  if (!as_ended(in, ok))
    return ok;
  auto path = fs::absolute(file).string();
  auto files = json::array();
  for (const auto& [one, about] : contents)
    files.push_back({{"file", one}, {"about", about}});
  return in.out.show({{{"path", path}, {"nodes", names}, {"files", files}},
                      done_line("Wrote " + path) + "\n    README.md in it says what it holds. Look through it before you give it to anybody.", path});
}

json data_of(const backup_report& r) {
  return {{"path", fs::absolute(r.file).string()}, {"nodes", r.nodes}, {"files", r.files}, {"left_out", r.left_out},
          {"moved_aside", r.moved_aside.empty() ? json{} : json(r.moved_aside.string())}};
}

result<void> create(invocation& in) {
  auto db = in.database();
  if (!db)
    return std::move(db).error();
  auto made = as_ended(in, create_backup(in.home, **db, in.args.get("FILE"), in.args.has("force")));
  if (!made)
    return std::move(made).error();
  for (const auto& one : made->left_out)
    in.out.warn("Not in the backup: " + one);
  auto path = fs::absolute(made->file).string();
  return in.out.show({data_of(*made), done_line("Wrote " + path + ": " + std::to_string(made->files) + " files, " + std::to_string(made->nodes.size()) + " nodes")
                                        + "\n    It has private keys: keep it where you would keep these.", path});
}

result<void> restore(invocation& in) {
  auto made = as_ended(in, restore_backup(in.home, in.args.get("FILE"), in.args.has("force")));
  if (!made)
    return std::move(made).error();
  for (const auto& one : made->left_out)
    in.out.warn("Was not in the backup: " + one);
  std::string nodes;
  for (const auto& n : made->nodes)
    nodes += (nodes.empty() ? "" : ", ") + n;
  auto text = done_line("Restored " + std::to_string(made->files) + " files into " + in.home.root().string());
  if (!made->moved_aside.empty())
    text += "\n    What was there is in " + made->moved_aside.string();
  if (!nodes.empty())
    text += "\n    No node runs yet: ockam node start NAME, of " + nodes;
  return in.out.show({data_of(*made), text, in.home.root().string()});
}

} // namespace

std::vector<command> support_commands() {
  argument file{.name = "FILE", .about = "The archive, a .tar.gz"};
  return {{.path = "support-bundle",
           .about = "Gather what somebody needs to find out what is wrong: configuration without secrets, figures, logs, traces",
           .arguments = {{.name = "NODE", .about = "Nodes; all if not given", .required = false, .repeated = true}},
           .options = {{.name = "to", .value = "FILE", .about = "Where to; ockam-support-TIME.tar.gz here if not given"},
                       {.name = "force", .letter = 'f', .about = "Replace a file that is there"}},
           .example = "ockam support-bundle n1",
           .run = &support_bundle},
          {.path = "backup create",
           .about = "Write all state into one file, while nodes run: database, keys, identities, configurations",
           .arguments = {file},
           .options = {{.name = "force", .letter = 'f', .about = "Replace a file that is there"}},
           .example = "ockam backup create ockam.tar.gz",
           .run = &create},
          {.path = "backup restore",
           .about = "Take state out of a backup, into a home in which there is nothing",
           .arguments = {file},
           .options = {{.name = "force", .letter = 'f', .about = "Move what there is aside; no node may run"}},
           .example = "ockam backup restore ockam.tar.gz",
           .run = &restore}};
}

} // namespace ockam::cli
