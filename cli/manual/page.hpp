// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <utility>
#include <vector>

/// A page of a manual as plain data, and its two forms. What is in it comes from the tables that the programs themselves
/// are made of: nothing here is written twice. Thread: any.
namespace ockam::manual {

struct entry {
  std::string term; ///< an option or a key, as it is typed
  std::string text; ///< sentences, without markup
};

/// One heading with what stands below it, in this order.
struct part {
  std::string title;
  std::vector<std::string> paragraphs = {};
  std::vector<entry> entries = {};
  std::string code = {}; ///< lines that are typed or read as they are
};

struct page {
  std::string name; ///< ockam-node-create
  int section = 1;  ///< of the manual: 1 commands, 5 files, 8 what an operator runs
  std::string about; ///< one sentence without a full stop
  std::vector<std::string> synopsis = {};
  std::vector<part> parts = {};
  std::vector<std::pair<std::string, int>> see_also = {};
};

/// As man(7) has it. `version` stands at its foot.
std::string to_roff(const page& p, const std::string& version);
/// With a heading of `level` for the page; `title` in place of its name.
std::string to_markdown(const page& p, int level, const std::string& title);

/// `ockam-node.8`
std::string file_name(const page& p);

} // namespace ockam::manual
