// SPDX-License-Identifier: Apache-2.0
#include "cli/node/config_model.hpp"

#include "cli/node/config_keys.hpp"
#include "cli/node/config_mask.hpp"
#include "cli/node/ini_document.hpp"
#include "cli/node/sections.hpp"
#include "runtime/core/address.hpp"
#include "runtime/links/allow.hpp"
#include "runtime/links/listen_address.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <unordered_map>

namespace ockam {

namespace {

using json = nlohmann::ordered_json;

std::string kind_of(std::string_view title) {
  return std::string{title.substr(0, title.find(' '))};
}

std::string name_of(std::string_view title) {
  auto blank = title.find(' ');
  return blank == std::string_view::npos ? std::string{} : std::string{title.substr(blank + 1)};
}

class model_maker {
 public:
  model_maker(const node_options* from) : from_{from} {}

  std::vector<shown_section> make(const node_config& c) {
    fields("node", node_keys(), c);
    fields("routing", routing_keys(), c);
    if (!c.identity.vault.empty())
      fields("identity", identity_keys(), c);
    for (const auto& l : c.listeners)
      listener(l);
    for (const auto& n : c.connections)
      connection(n);
    for (const auto& i : c.items)
      section(i.kind + " " + i.name, i.keys);
    for (const auto& s : c.services)
      service(s);
    if (!c.http.address.empty())
      http(c.http);
    if (!c.tracing.otlp.empty())
      fields("tracing", tracing_keys(), c);
    return std::move(out_);
  }

 private:
  template <class Config>
  static option_texts texts_of(std::span<const config_key<Config>> keys, const Config& c) {
    option_texts out;
    for (const auto& k : keys)
      if (auto text = k.text(c); !text.empty())
        out.emplace(k.what.name, std::move(text));
    return out;
  }

  void fields(const std::string& title, std::span<const node_key> keys, const node_config& c) {
    section(title, texts_of(keys, c));
  }

  void listener(const listener_config& l) {
    auto texts = l.options;
    texts["address"] = l.address;
    texts["retry"] = l.retry ? "yes" : "no";
    texts["allow"] = allow_text(l.allow);
    section(l.transport + "-listener " + l.name, texts);
  }

  void connection(const connection_config& c) {
    auto texts = c.options;
    for (auto& [key, text] : texts_of(connection_keys(), c))
      texts[key] = text;
    texts["address"] = c.address;
    if (!c.allow.empty())
      texts["allow"] = allow_text(c.allow);
    section(c.transport + "-connection " + c.name, texts);
  }

  void service(const service_config& s) {
    option_texts texts{s.options.begin(), s.options.end()};
    if (!texts.contains("plugin") && !texts.contains("script"))
      texts["type"] = s.type;
    section("service " + s.name, texts);
  }

  void http(const http_config& c) {
    option_texts texts{{"address", c.address}, {"retry", c.retry ? "yes" : "no"}};
    for (auto [key, text] : {std::pair{"token-file", &c.token_file}, {"certificate", &c.certificate}, {"key", &c.key}, {"ca", &c.ca}})
      if (!text->empty())
        texts[key] = *text;
    section("http", texts);
  }

  void section(const std::string& title, option_texts texts) {
    shown_section s{title, {}};
    if (const auto* kind = find_section_kind(kind_of(title)))
      for (const auto& k : kind->what.keys) {
        auto it = texts.find(std::string{k.name});
        if (auto text = it == texts.end() ? std::string{k.fallback} : it->second; !text.empty())
          s.keys.push_back(key(title, &k, std::string{k.name}, text));
        if (it != texts.end())
          texts.erase(it);
      }
    for (const auto& [name, text] : texts)
      s.keys.push_back(key(title, nullptr, name, text));
    out_.push_back(std::move(s));
  }

  shown_key key(const std::string& title, const key_descriptor* k, const std::string& name, const std::string& text) const {
    shown_key out{name, k ? k->type : key_type::text, text, {}, {}, false};
    if (auto v = k ? read_value(*k, text) : result<key_value>{text}; k && v)
      out.value = value_text(*k, *v);
    const auto* written = from_ ? from_->places.find(title, name) : nullptr;
    auto may_show = masked_value(k, name, out.value);
    bool is_named = written && (written->is_secret || (may_be_secret(k) && !written->variables.empty()));
    out.is_hidden = is_named || may_show != out.value;
    out.shown = is_named ? masked_written(k, name, written->text) : escape_value(may_show);
    if (from_)
      out.origin = origin(title, name, written);
    return out;
  }

  std::string origin(const std::string& title, const std::string& key, const config_places::written* written) const {
    bool is_option = title == "node" || title == "routing";
    if (is_option && from_->given.contains(key))
      return "command line";
    if (key == "address" && title.starts_with("tcp-listener ") && from_->given.contains("tcp-listener-address") && is_first_tcp(title))
      return "command line";
    if (written) {
      auto out = from_->places.text(written->at);
      for (const auto& v : written->variables)
        out += ", environment " + v;
      return written->is_secret ? out + ", a file" : out;
    }
    bool is_short_form = !is_option && from_->places.place(title, {}).line == 0; // `--tcp-listener ADDRESS`
    return is_short_form && (key == "address" || key == "type" || key == "to") ? "command line" : "default";
  }

  bool is_first_tcp(const std::string& title) const {
    return std::none_of(out_.begin(), out_.end(), [&](auto& s) { return s.title.starts_with("tcp-listener ") && s.title != title; });
  }

  const node_options* from_;
  std::vector<shown_section> out_;
};

json json_value(const shown_key& k) {
  if (k.is_hidden)
    return k.shown;
  switch (k.type) {
    case key_type::number: return std::strtoull(k.value.c_str(), nullptr, 10);
    case key_type::flag: return k.value == "yes";
    case key_type::list: {
      auto out = json::array();
      std::string_view rest = k.value;
      while (!rest.empty()) {
        auto end = rest.find(", ");
        out.push_back(rest.substr(0, end));
        rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 2);
      }
      return out;
    }
    default: return k.value;
  }
}

/// The same address but for a port that the system has chosen.
bool same_value(const shown_key& l, const shown_key& r) {
  if (l.value == r.value)
    return true;
  return l.name == "address" && (with_real_port(l.value, r.value) == r.value || with_real_port(r.value, l.value) == l.value);
}

const shown_key* find_key(const shown_section& s, std::string_view name) {
  auto it = std::find_if(s.keys.begin(), s.keys.end(), [&](auto& k) { return k.name == name; });
  return it == s.keys.end() ? nullptr : &*it;
}

/// There may be very many, and the sockets wait meanwhile.
std::unordered_map<std::string_view, const shown_section*> by_title(const std::vector<shown_section>& all) {
  std::unordered_map<std::string_view, const shown_section*> out;
  for (const auto& s : all)
    out.emplace(s.title, &s);
  return out;
}

std::string origin_of(const shown_section& s) {
  for (const auto& k : s.keys)
    if (k.origin != "default")
      return k.origin;
  return {};
}

} // namespace

std::vector<shown_section> config_model(node_config c, const node_options* from) {
  if (from) // otherwise it is in effect, and that is done
    resolve_allow(c);
  return model_maker{from}.make(c);
}

std::string config_text(const std::vector<shown_section>& model) {
  constexpr std::size_t column = 48;
  std::string out;
  for (const auto& s : model) {
    out += (out.empty() ? "[" : "\n[") + s.title + "]\n";
    for (const auto& k : s.keys) {
      auto value = ini_value(k.shown);
      auto line = k.name + " = " + (value ? *value : printable(k.shown));
      line.resize(std::max(line.size() + 1, column), ' ');
      out += line + "# " + k.origin + (k.is_hidden && k.shown.find(hidden_text) != std::string::npos ? " (hidden)" : "") + "\n";
    }
  }
  return out;
}

std::string config_json(const std::vector<shown_section>& model, const std::vector<std::string>& files) {
  json values = json::object(), origins = json::object();
  for (const auto& s : model) {
    auto kind = kind_of(s.title), name = name_of(s.title);
    auto& value = name.empty() ? values[kind] : values[kind][name];
    auto& origin = name.empty() ? origins[kind] : origins[kind][name];
    value = origin = json::object();
    for (const auto& k : s.keys) {
      value[k.name] = json_value(k);
      origin[k.name] = k.origin;
    }
  }
  json all{{"files", files}, {"configuration", values}, {"origins", origins}};
  return all.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

std::vector<config_difference> compare_configs(const std::vector<shown_section>& running, const std::vector<shown_section>& file,
                                               const std::vector<std::string>& secrets) {
  std::vector<config_difference> out;
  auto of_file = by_title(file), of_running = by_title(running);
  for (const auto& r : running) {
    auto found = of_file.find(r.title);
    if (found == of_file.end()) {
      out.push_back({r.title, {}, "there", {}, {}});
      continue;
    }
    const auto& f = *found->second;
    for (const auto& k : r.keys)
      if (const auto* other = find_key(f, k.name); !other || !same_value(k, *other)) {
        auto shown = other && other->is_hidden ? std::string{hidden_text} : without_secrets(k.shown, secrets);
        out.push_back({r.title, k.name, shown, other ? other->shown : std::string{}, other ? other->origin : std::string{}});
      }
    for (const auto& k : f.keys)
      if (!find_key(r, k.name))
        out.push_back({r.title, k.name, {}, k.shown, k.origin});
  }
  for (const auto& f : file)
    if (!of_running.contains(f.title))
      out.push_back({f.title, {}, {}, "there", origin_of(f)});
  return out;
}

result<config_comparison> compare_with_file(const node_options& o, std::span<const service_type> services, node_config running) {
  auto fresh = read_again(o, services);
  if (!fresh.problems.empty())
    return std::move(fresh.problems.front());
  if (fresh.config.control_socket.empty()) // as `enter` does
    fresh.config.control_socket = o.config.control_socket;
  running.log = o.config.log;
  running.http = o.config.http;
  running.tracing = o.config.tracing;
  running.stop_grace = o.config.stop_grace;
  auto secrets = o.places.secrets;
  secrets.insert(secrets.end(), fresh.places.secrets.begin(), fresh.places.secrets.end());
  std::error_code unseen;
  auto file = o.config_file.empty() ? std::string{} : std::filesystem::absolute(o.config_file, unseen).string();
  return config_comparison{file, compare_configs(config_model(std::move(running), nullptr), config_model(fresh.config, &fresh), secrets)};
}

} // namespace ockam
