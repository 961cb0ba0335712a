// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/worker_tree.hpp"

#include "cli/ockam/views.hpp"
#include "runtime/core/address.hpp"

namespace ockam::cli {

namespace {

/// `x.w1  script worker.lua`: its type and behavior, where the address does not say them.
std::string line_for(const control::WorkerInfo& w) {
  auto out = printable(w.address());
  std::string what = w.type() == w.address() ? "" : printable(w.type());
  if (!w.behavior().empty())
    what += (what.empty() ? "" : " ") + printable(w.behavior());
  return what.empty() ? out : out + "  " + what;
}

} // namespace

worker_tree::worker_tree(const control::WorkerList& all) : all_{all} {
  for (const auto& w : all_.workers())
    if (w.service() || !w.parent().empty())
      below_[w.parent()].push_back(&w);
}

const std::vector<const control::WorkerInfo*>& worker_tree::below(const std::string& address) const {
  static const std::vector<const worker*> none;
  auto it = below_.find(address);
  return it == below_.end() ? none : it->second;
}

nlohmann::json worker_tree::data() const {
  return data({});
}

nlohmann::json worker_tree::data(const std::string& address) const {
  auto out = json::array();
  for (const auto* w : below(address)) {
    auto one = view(*w);
    one["children"] = data(w->address());
    out.push_back(std::move(one));
  }
  return out;
}

std::string worker_tree::text(const std::string& node) const {
  auto out = printable(node) + "\n";
  draw(out, {}, {});
  out.pop_back();
  return out;
}

void worker_tree::draw(std::string& out, const std::string& address, const std::string& indent) const {
  const auto& all = below(address);
  for (std::size_t i = 0; i < all.size(); ++i) {
    bool last = i + 1 == all.size();
    out += indent + (last ? "└─ " : "├─ ") + line_for(*all[i]) + "\n";
    draw(out, all[i]->address(), indent + (last ? "   " : "│  "));
  }
}

} // namespace ockam::cli
