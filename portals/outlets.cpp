// SPDX-License-Identifier: Apache-2.0
#include "portals/outlets.hpp"

#include "portals/keys.hpp"
#include "runtime/links/item_fields.hpp"
#include "transports/tls/tls_stream.hpp"

namespace ockam::portal {

stream_options read_stream_options(const option_values& keys) {
  stream_options o;
  o.dial_timeout = keys.get<std::chrono::milliseconds>("dial-timeout");
  o.idle_timeout = keys.get<std::chrono::milliseconds>("idle-timeout");
  o.hold = static_cast<std::size_t>(keys.get<std::uint64_t>("stream-hold"));
  o.most_streams = static_cast<std::size_t>(keys.get<std::uint64_t>("max-streams"));
  o.skip_handshake = keys.get<bool>("skip-handshake");
  o.gather_small_writes = keys.get<bool>("enable-nagle");
  for (const auto* key : {"allow", "authorized"}) // an inlet may have either
    if (keys.has(key)) {
      o.allow.emplace();
      o.allow_key = key;
      for (const auto& text : keys.get<std::vector<std::string>>(key))
        if (auto id = identities::parse_identifier(text))
          o.allow->push_back(to_string(*id)); // in the form in which they are compared
    }
  return o;
}

void add_figures(item_info& to, const portal::end& of) {
  auto add = [&](std::string name, std::uint64_t n) { to.fields.emplace_back(std::move(name), std::to_string(n)); };
  add("connections", of.streams());
  add("opened", of.opened);
  add("failed", of.failed);
  for (std::uint8_t i = 0; i < end_reasons; ++i)
    if (auto why = static_cast<end_reason>(i); why != end_reason::closed && why != end_reason::stopped)
      add(std::string{failed_by} + std::string{name_of(why)}, of.failed_by[i]);
  add("bytes_in", of.bytes_in);
  add("bytes_out", of.bytes_out);
  to.fields.emplace_back("last_failure", of.last_failure);
}

void add_carried(carried_bytes& to, const portal::end& of) {
  to.open += of.streams();
  to.bytes += of.bytes_in + of.bytes_out;
}

std::string_view outlets::kind() const {
  return outlet_kind;
}

std::span<const key_descriptor> outlets::keys() const {
  return outlet_keys;
}

result<target> outlets::read_target(const option_values& keys) {
  auto at = parse_target(keys.get<std::string>("to"));
  if (!at)
    return std::move(at).error();
  if (auto ok = check_outlet_keys(keys); !ok)
    return std::move(ok).error();
  if (!keys.get<bool>("tls"))
    return target{std::move(*at)};
  tls_files files;
  files.ca = keys.get<std::string>("ca");
  auto& r = env_.node.reactor;
  if (auto ok = certificates_.client(files, r.now()); !ok)
    return std::move(ok).error();
  return target{*at, [this, &r, files, host = at->host](net::stream_ptr s) -> net::stream_ptr {
                  return std::make_unique<tls_stream>(r, std::move(s), *certificates_.client(files, r.now()), host);
                }};
}

result<void> outlets::check(const config_section& s) {
  auto keys = option_values::read(outlet_keys, s.keys);
  return keys ? outcome_of(read_target(*keys)) : result<void>{std::move(keys).error()};
}

result<config_section> outlets::begin(const config_section& s) {
  auto keys = option_values::read(outlet_keys, s.keys);
  if (!keys)
    return std::move(keys).error();
  auto to = read_target(*keys);
  if (!to)
    return std::move(to).error();
  auto o = std::make_shared<outlet>(env_, s.name, std::move(*to), read_stream_options(*keys));
  worker_options w;
  w.type = outlet_kind;
  w.consumer_of = {env_.node.flows.services};
  if (auto ok = env_.node.workers.start(address{s.name}, make_outlet_worker(o), std::move(w)); !ok)
    return std::move(ok).error();
  all_.emplace(s.name, std::move(o));
  return s;
}

result<void> outlets::end(std::string_view name) {
  auto it = all_.find(name);
  if (it == all_.end())
    return error{errc::not_found, "there is no tcp-outlet " + printable(name), "see them with: ockam tcp-outlet list"};
  auto o = std::move(it->second);
  all_.erase(it);
  (void)env_.node.workers.stop(address{o->name});
  o->close_streams(end_reason::stopped);
  return {};
}

std::vector<item_info> outlets::list() const {
  std::vector<item_info> out;
  for (const auto& [name, o] : all_) {
    item_info i{name, {{"to", to_string(o->to.at)}, {"tls", o->to.secure ? "yes" : "no"}}};
    add_figures(i, *o);
    i.fields.emplace_back("refused", std::to_string(o->refused));
    out.push_back(std::move(i));
  }
  return out;
}

carried_bytes outlets::carried() const {
  carried_bytes out;
  for (const auto& [name, o] : all_)
    add_carried(out, *o);
  return out;
}

void outlets::stop() {
  while (!all_.empty())
    (void)end(all_.begin()->first);
}

} // namespace ockam::portal
