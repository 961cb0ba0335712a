// SPDX-License-Identifier: Apache-2.0
#include "runtime/node/section_book.hpp"

#include "runtime/core/log.hpp"
#include "runtime/core/units.hpp"
#include "runtime/links/allow.hpp"

#include <algorithm>
#include <memory>

namespace ockam {

namespace {

template <class Section>
bool take_out(std::vector<Section>& from, const std::string& kind, const std::string& suffix, const std::string& name) {
  return std::erase_if(from, [&](auto& s) { return s.name == name && s.transport + suffix == kind; }) > 0;
}

/// False when the configuration has no such section.
bool take_out(node_config& c, const std::string& kind, const std::string& name) {
  if (kind == "service")
    return std::erase_if(c.services, [&](auto& s) { return s.name == name; }) > 0;
  if (std::erase_if(c.items, [&](auto& s) { return s.kind == kind && s.name == name; }) > 0)
    return true;
  return take_out(c.listeners, kind, "-listener", name) || take_out(c.connections, kind, "-connection", name);
}

/// What the section of this kind and name allows; null when there is none.
std::vector<std::string>* find_allow(node_config& c, const std::string& kind, const std::string& name) {
  for (auto& l : c.listeners)
    if (l.name == name && l.transport + "-listener" == kind)
      return &l.allow;
  for (auto& n : c.connections)
    if (n.name == name && n.transport + "-connection" == kind)
      return &n.allow;
  return nullptr;
}

error not_kept(error e, const std::string& what) {
  e.cause = what + ": " + e.cause;
  log(level::error, "node", e);
  return e;
}

} // namespace

void section_book::began(config_section s, std::string handle, kept done) {
  if (!store_)
    return done({});
  auto kind = s.kind;
  store_->put(std::move(s), [this, kind = std::move(kind), handle = std::move(handle), done = std::move(done)](result<section_store::stored> r) {
    auto answer = std::make_shared<result<section_store::stored>>(std::move(r));
    reactor_.post([this, kind, handle, done, answer] {
      if (!*answer)
        return done(not_kept(std::move(*answer).error(), "it cannot be written into the file of the node, and is ended again"));
      take_out(config_, kind, (*answer)->name);
      reload_.adopt(std::move((*answer)->alone), handle);
      done({});
    });
  });
}

void section_book::ended(const std::string& kind, const std::string& handle, kept done) {
  if (!store_)
    return done({});
  auto name = reload_.section_of(kind, handle);
  reload_.forget(kind, name);
  if (!take_out(config_, kind, name))
    return done({});
  store_->remove(kind, name, [this, done = std::move(done)](result<void> r) {
    auto answer = std::make_shared<result<void>>(std::move(r));
    reactor_.post([done, answer] {
      done(*answer ? result<void>{} : not_kept(std::move(*answer).error(), "it has ended, but will be back after a restart of the node"));
    });
  });
}

void section_book::allow(const std::string& kind, const std::string& handle, const std::string& worker, kept done) {
  auto name = reload_.section_of(kind, handle);
  auto* now = store_ ? find_allow(config_, kind, name) : nullptr;
  if (!now || std::find(now->begin(), now->end(), worker) != now->end())
    return done({});
  if (split_list(worker) != std::vector{worker} || worker == services_word || worker == nothing_word)
    return done(error{errc::invalid_argument, "a worker with this name cannot stand in the key allow of [" + kind + " " + name + "]", "choose another name"});
  auto all = *now;
  all.push_back(worker);
  store_->set(kind, name, "allow", allow_text(all), [this, kind, name, all, done = std::move(done)](result<void> r) {
    auto answer = std::make_shared<result<void>>(std::move(r));
    reactor_.post([this, kind, name, all, done, answer] {
      if (auto* allow = find_allow(config_, kind, name); allow && *answer)
        *allow = all;
      done(*answer ? result<void>{} : not_kept(std::move(*answer).error(), "it cannot be written into the file of the node, and is not allowed"));
    });
  });
}

void section_book::compare(comparison_done done) {
  if (!compare_)
    return done(error{errc::unsupported, "this node has no configuration to compare with", {}});
  compare_(config_, [this, done = std::move(done)](result<config_comparison> r) {
    auto answer = std::make_shared<result<config_comparison>>(std::move(r));
    reactor_.post([done, answer] { done(std::move(*answer)); });
  });
}

} // namespace ockam
