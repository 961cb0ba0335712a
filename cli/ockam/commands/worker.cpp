// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/commands/commands.hpp"

#include "cli/ockam/nodes.hpp"
#include "cli/ockam/lists.hpp"
#include "cli/ockam/views.hpp"
#include "cli/ockam/worker_tree.hpp"

namespace ockam::cli {

namespace {

result<control::WorkerList> all_workers(invocation& in, const std::string& node) {
  auto c = open_node(in, node);
  if (!c)
    return std::move(c).error();
  control::WorkerList all;
  while (true) { // a node answers with a page at a time
    control::Request r;
    auto& page_after = *r.mutable_list_workers();
    if (auto n = all.workers_size())
      page_after.set_after(all.workers(n - 1).address());
    auto page = c->call(std::move(r), in.by());
    if (!page)
      return std::move(page).error();
    if (page->workers().workers().empty())
      return all;
    all.mutable_workers()->MergeFrom(page->workers().workers());
  }
}

result<void> list(invocation& in) {
  auto node = node_or_default(in, in.args.get("at"));
  if (!node)
    return std::move(node).error();
  auto all = all_workers(in, *node);
  if (!all)
    return std::move(all).error();
  return show_list(in, all->workers(), "workers");
}

result<void> tree(invocation& in) {
  auto node = node_or_default(in, in.args.get("at"));
  if (!node)
    return std::move(node).error();
  auto all = all_workers(in, *node);
  if (!all)
    return std::move(all).error();
  worker_tree t{*all};
  return in.out.show({{{"node", *node}, {"workers", t.data()}}, t.text(*node), t.text(*node)});
}

result<void> show(invocation& in) {
  auto node = node_or_default(in, in.args.get("at"));
  if (!node)
    return std::move(node).error();
  control::Request r;
  r.mutable_show_worker()->set_address(in.args.get("ADDRESS"));
  auto found = ask_node(in, *node, std::move(r));
  if (!found)
    return std::move(found).error();
  return in.out.show({view(found->worker()), page_of(found->worker())});
}

} // namespace

std::vector<command> worker_commands() {
  return {{.path = "worker list",
           .about = "List the workers of a node",
           .arguments = {},
           .options = {node_option("at", "Node of the workers"), timeout_option()},
           .example = "ockam worker list --at n1",
           .run = &list},
          {.path = "worker tree",
           .about = "Draw which workers of a node have started which, and so end them",
           .arguments = {},
           .options = {node_option("at", "Node of the workers"), timeout_option()},
           .example = "ockam worker tree --at n1",
           .run = &tree},
          {.path = "worker show",
           .about = "Show what a worker does: messages, latency, restarts, counters of its own",
           .arguments = {{.name = "ADDRESS", .about = "Where messages reach it"}},
           .options = {node_option("at", "Node of the worker"), timeout_option()},
           .example = "ockam worker show echo --at n1",
           .run = &show}};
}

} // namespace ockam::cli
