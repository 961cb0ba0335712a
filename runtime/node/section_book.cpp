// SPDX-License-Identifier: Apache-2.0
#include "runtime/node/section_book.hpp"

#include "runtime/core/log.hpp"

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
  return take_out(c.listeners, kind, "-listener", name) || take_out(c.connections, kind, "-connection", name);
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
        return done(not_kept(std::move(*answer).error(), "it runs, but will be gone after a restart of the node"));
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

} // namespace ockam
