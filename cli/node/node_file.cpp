// SPDX-License-Identifier: Apache-2.0
#include "cli/node/node_file.hpp"

#include "cli/node/config_sources.hpp"
#include "cli/node/sections.hpp"
#include "cli/state/files.hpp"
#include "runtime/core/address.hpp"
#include "runtime/links/listen_address.hpp"

#include <algorithm>
#include <cerrno>

namespace ockam {

namespace {

std::string title_of(const std::string& kind, const std::string& name) {
  return name.empty() ? kind : kind + " " + name;
}

/// `tcp-listener-1`, or the first number after it that is free.
std::string free_name(const config_sources& all, const std::string& kind) {
  for (int n = 1;; ++n)
    if (auto name = kind + "-" + std::to_string(n);
        std::none_of(all.sections.begin(), all.sections.end(), [&](auto& s) { return s.title == title_of(kind, name); }))
      return name;
}

/// The value as it stands in the file, whether it names something or not.
bool names_something(const ini_document& doc, const std::string& title, std::string_view key) {
  const auto* s = doc.find(title);
  return s && std::any_of(s->entries.begin(), s->entries.end(), [&](auto& e) { return e.key == key && is_expression(e.value); });
}

error stands_elsewhere(const std::string& title, const std::string& where) {
  return {errc::invalid_argument, "[" + printable(title) + "] stands in a file that the node's own includes and does not write: " + where, "change it there, and send the node SIGHUP"};
}

} // namespace

result<ini_document> node_file::read() const {
  auto text = state::read_file(path_);
  if (!text)
    return system_error("cannot read " + path_.string(), errno);
  return ini_document{*text};
}

std::string node_file::included_at(const ini_document& doc, const std::string& title) const {
  return doc.find("include") ? read_config_sources(doc.text(), path_.string()).included_at(title) : std::string{};
}

void node_file::put(config_section s, std::function<void(result<stored>)> done) {
  main_thread_.post([this, s = std::move(s), done = std::move(done)] { done(put_now(s)); });
}

result<section_store::stored> node_file::put_now(config_section s) {
  const auto* kind = find_section_kind(s.kind);
  if (!kind)
    return error{errc::internal, "there is no section [" + s.kind + "]", {}};
  auto doc = read();
  if (!doc)
    return std::move(doc).error();
  if (s.name.empty() && kind->what.name != section_name::none)
    s.name = free_name(read_config_sources(doc->text(), path_.string()), s.kind);
  auto title = title_of(s.kind, s.name);
  if (auto where = included_at(*doc, title); !where.empty())
    return stands_elsewhere(title, where);
  ini_document::keys written;
  for (const auto& [key, value] : s.keys)
    written.emplace_back(key, escape_value(value));
  if (auto ok = doc->put(title, written); !ok)
    return std::move(ok).error();
  stored out{s.name, {}};
  // Read as it will be at the next start.
  if (auto wrong = kind->add({s.name, s.keys, types_, path_.parent_path()}, out.alone); !wrong.empty())
    return error{errc::invalid_config, wrong.front().cause, wrong.front().hint};
  if (auto ok = state::replace_file(path_, doc->text()); !ok)
    return std::move(ok).error();
  return out;
}

void node_file::set(std::string kind, std::string name, std::string key, std::string value, std::function<void(result<void>)> done) {
  main_thread_.post([this, title = title_of(kind, name), key = std::move(key), value = std::move(value), done = std::move(done)] {
    auto doc = read();
    if (!doc)
      return done(std::move(doc).error());
    if (!doc->find(title)) {
      auto where = included_at(*doc, title);
      return done(where.empty() ? result<void>{} : stands_elsewhere(title, where));
    }
    if (names_something(*doc, title, key))
      return done(error{errc::invalid_argument, key + " of [" + printable(title) + "] names something in " + path_.string() + ", and is not replaced", "change it there, and send the node SIGHUP"});
    auto ok = doc->set(title, key, escape_value(value));
    done(ok ? state::replace_file(path_, doc->text()) : std::move(ok));
  });
}

void node_file::remove(std::string kind, std::string name, std::function<void(result<void>)> done) {
  main_thread_.post([this, title = title_of(kind, name), done = std::move(done)] {
    auto doc = read();
    if (!doc)
      return done(std::move(doc).error());
    if (doc->remove(title))
      return done(state::replace_file(path_, doc->text()));
    auto where = included_at(*doc, title);
    done(where.empty() ? result<void>{} : stands_elsewhere(title, where));
  });
}

result<void> node_file::write_ports(const node_config& c, const std::vector<listener_info>& listeners) {
  auto doc = read();
  if (!doc)
    return std::move(doc).error();
  const auto before = doc->text();
  for (std::size_t i = 0; i < std::min(c.listeners.size(), listeners.size()); ++i) {
    const auto& l = c.listeners[i];
    auto title = title_of(l.transport + "-listener", l.name);
    auto real = with_real_port(l.address, listeners[i].socket_address);
    if (real == l.address || !doc->find(title) || names_something(*doc, title, "address")) // one of the command line is not in the file
      continue;
    if (auto ok = doc->set(title, "address", real); !ok)
      return ok;
  }
  return doc->text() == before ? result<void>{} : state::replace_file(path_, doc->text());
}

} // namespace ockam
