// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/node/ini_document.hpp"
#include "cli/node/task_queue.hpp"
#include "runtime/links/transport.hpp"
#include "runtime/node/section_store.hpp"
#include "runtime/workers/service_type.hpp"

#include <filesystem>
#include <span>
#include <string>
#include <vector>

namespace ockam {

/// The file of a node that `ockam node create` has made: all that the node is, and will be after a restart. What is made
/// or ended at the prompt is written into it at once, whole or not at all, and nothing else in it is touched: it is its
/// user's as well. Files that it includes are never written, nor are values that name something (`${…}`) replaced. It is read and written on the main thread.
class node_file final : public section_store {
 public:
  /// All live longer than this.
  node_file(std::filesystem::path path, std::span<const service_type> types, task_queue& main_thread)
    : path_{std::move(path)}, types_{types}, main_thread_{main_thread} {}

  void put(config_section s, std::function<void(result<stored>)> done) override;
  void set(std::string kind, std::string name, std::string key, std::string value, std::function<void(result<void>)> done) override;
  void remove(std::string kind, std::string name, std::function<void(result<void>)> done) override;

  /// Writes down which ports the system has chosen for listeners that asked for any: the node is to be found there
  /// again. `listeners`: those of `c`, in its order. Thread: the main one.
  result<void> write_ports(const node_config& c, const std::vector<listener_info>& listeners);

 private:
  result<stored> put_now(config_section s);
  result<ini_document> read() const;
  /// Where the section stands in a file that this one includes, as FILE:LINE; empty when it does not.
  std::string included_at(const ini_document& doc, const std::string& title) const;

  std::filesystem::path path_;
  std::span<const service_type> types_;
  task_queue& main_thread_;
};

} // namespace ockam
