// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/worker_tree.hpp"

#include "cli/ockam/views.hpp"
#include "runtime/core/address.hpp"

#include <set>
#include <string_view>

namespace ockam::cli {

/// The lines of a tree as they come, each behind those that it is below.
class tree_lines {
 public:
  explicit tree_lines(const std::string& root) : text_{root + "\n"} {}

  /// `last` of those beside it. What comes until `end` is below it.
  void begin(const std::string& line, bool last) {
    text_ += indent_ + (last ? "└─ " : "├─ ") + line + "\n";
    ends_.push_back(indent_.size());
    indent_ += last ? "   " : "│  ";
  }
  void end() {
    indent_.resize(ends_.back());
    ends_.pop_back();
  }
  /// All of them, but for the last line feed.
  std::string text() const { return text_.substr(0, text_.size() - 1); }

 private:
  std::string text_, indent_;
  std::vector<std::size_t> ends_;
};

namespace {

/// `x.w1  script worker.lua  (1 monitor)`: its type and behavior, where the address does not say them.
std::string line_for(const control::WorkerInfo& w) {
  auto out = printable(w.address());
  std::string what = w.type() == w.address() ? "" : printable(w.type());
  if (!w.behavior().empty())
    what += (what.empty() ? "" : " ") + printable(w.behavior());
  if (!what.empty())
    out += "  " + what;
  return w.watchers() > 0
           ? out + "  (" + std::to_string(w.watchers()) + (w.watchers() == 1 ? " monitor)" : " monitors)")
           : out;
}

std::vector<const control::ActorInfo*> children_of(const control::WorkerInfo& w, std::uint64_t actor) {
  std::vector<const control::ActorInfo*> out;
  for (const auto& a : w.actors())
    if (a.parent() == actor && a.id() > actor) // a child is younger
      out.push_back(&a);
  return out;
}

json actors_below(const control::WorkerInfo& w, std::uint64_t actor) {
  auto out = json::array();
  for (const auto* a : children_of(w, actor))
    out.push_back({{"id", a->id()},
                   {"name", a->name().empty() ? json{} : json(a->name())},
                   {"children", actors_below(w, a->id())}});
  return out;
}

/// `more`: something comes after them.
void draw_actors(tree_lines& out, const control::WorkerInfo& w, std::uint64_t actor, bool more) {
  auto all = children_of(w, actor);
  for (const auto* a : all) {
    out.begin("actor " + std::to_string(a->id()) + (a->name().empty() ? "" : "  " + printable(a->name())),
              !more && a == all.back());
    draw_actors(out, w, a->id(), false);
    out.end();
  }
}

} // namespace

/// A list is what a node says, of some moment: a parent may be missing, and an address come twice or not at all.
worker_tree::worker_tree(const control::WorkerList& all) {
  std::set<std::string_view> drawn;
  std::vector<const worker*> ones;
  for (const auto& w : all.workers())
    if (!w.address().empty() && (w.service() || !w.parent().empty()) && drawn.insert(w.address()).second)
      ones.push_back(&w);
  for (const auto* w : ones)
    below_[drawn.contains(w->parent()) ? w->parent() : std::string{}].push_back(w);
}

const std::vector<const control::WorkerInfo*>& worker_tree::below(const std::string& address) const {
  static const std::vector<const worker*> none;
  auto it = below_.find(address);
  return it == below_.end() ? none : it->second;
}

nlohmann::json worker_tree::data() const { return data({}); }

nlohmann::json worker_tree::data(const std::string& address) const {
  auto out = json::array();
  for (const auto* w : below(address)) {
    auto one = view(*w);
    one["children"] = data(w->address());
    one["actors"] = actors_below(*w, w->actor());
    one["more_actors"] = w->more_actors();
    out.push_back(std::move(one));
  }
  return out;
}

std::string worker_tree::text(const std::string& node) const {
  tree_lines out{printable(node)};
  draw(out, {}, nullptr);
  return out.text();
}

void worker_tree::draw(tree_lines& out, const std::string& address, const worker* above) const {
  const auto& all = below(address);
  if (above)
    draw_actors(out, *above, above->actor(), !all.empty() || above->more_actors());
  if (above && above->more_actors()) {
    out.begin("more actors, which are not shown", all.empty());
    out.end();
  }
  for (const auto* w : all) {
    out.begin(line_for(*w), w == all.back());
    draw(out, w->address(), w);
    out.end();
  }
}

} // namespace ockam::cli
