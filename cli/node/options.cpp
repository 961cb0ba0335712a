// SPDX-License-Identifier: Apache-2.0
#include "cli/node/options.hpp"

#include "cli/node/config_check.hpp"
#include "cli/node/config_keys.hpp"
#include "cli/node/sections.hpp"
#include "cli/state/state.hpp"
#include "runtime/core/address.hpp"
#include "runtime/core/endpoint.hpp"
#include "runtime/core/suggest.hpp"

#include <boost/program_options.hpp>

#include <algorithm>
#include <cstdlib>
#include <sstream>

namespace ockam {

namespace po = boost::program_options;

namespace {

using strings = std::vector<std::string>;

po::options_description general_options() {
  po::options_description d{"General"};
  d.add_options()("config,c", po::value<std::string>()->value_name("FILE"), "read this INI file")
    ("check-config", "only say whether the configuration is right")
    ("print-config", po::value<std::string>()->value_name("FORMAT")->implicit_value("text"),
     "only print the configuration as it takes effect, with where each value comes from: as a file (text) or as JSON (--print-config=json); secrets are not shown")
    ("config-schema", "only print the JSON Schema of a configuration")
    ("managed", "log below OCKAM_HOME, and keep what is made at the prompt in the file (how 'ockam node create' starts a node)")
    ("foreground", "with --managed: log to standard output ('ockam node create --foreground')")
    ("say-name", "with --foreground: print the name when ready, in front of the log")
    ("no-state", "keep no state: no directory, no lock, no control socket")
    ("exit-on-eof", "stop when standard input ends")
    ("ready-fd", po::value<int>()->value_name("N"), "write a line of JSON there when ready, or why not")
    ("version,V", "print the version")("help,h", "print this");
  return d;
}

po::options_description parts_options() {
  po::options_description d{"Parts (each may be given several times)"};
  auto list = [](std::string_view name) { return po::value<strings>()->value_name(std::string{name})->composing(); };
  for (const auto& [what, add] : section_kinds())
    if (has_short_form(what))
      d.add_options()(what.kind.c_str(), list(value_form(*find_key(what.keys, what.main_key))),
                      std::string{what.about}.c_str());
  d.add_options()("tcp-listener-address", po::value<std::string>()->value_name("ADDRESS"), "replaces the address of the first tcp listener")
    ("service", list("NAME[=TYPE]"), "start a service that peers may reach");
  return d;
}

po::options_description key_options(const char* title, std::span<const node_key> keys) {
  po::options_description d{title};
  for (const auto& k : keys)
    d.add_options()(std::string{k.what.name}.c_str(), po::value<std::string>()->value_name(std::string{value_form(k.what)}),
                    help_text(k.what).c_str());
  return d;
}

po::options_description node_key_options() {
  return key_options("Keys of the section [node]", node_keys());
}

po::options_description routing_key_options() {
  return key_options("Keys of the section [routing]: routes that name other nodes", routing_keys());
}

/// Lines of at most 100 characters.
std::string wrapped(const std::string& text) {
  std::string out;
  std::size_t column = 0;
  std::istringstream words{text};
  for (std::string word; words >> word; column += word.size() + 1) {
    if (column + word.size() > 100) {
      out += '\n';
      column = 0;
    }
    out += (column == 0 ? "" : " ") + word;
  }
  return out + '\n';
}

class option_reader {
 public:
  option_reader(const po::variables_map& vm, std::span<const service_type> types, node_options& out)
    : vm_{vm}, types_{types}, out_{out} {}

  void read() {
    out_.check_config = vm_.contains("check-config");
    if (vm_.contains("print-config"))
      out_.print_config = vm_["print-config"].as<std::string>();
    if (!out_.print_config.empty() && out_.print_config != "text" && out_.print_config != "json")
      usage("--print-config: \"" + printable(out_.print_config) + "\" is not one of: text, json", "for example --print-config=json");
    out_.managed = vm_.contains("managed");
    out_.foreground = vm_.contains("foreground");
    out_.say_name = vm_.contains("say-name");
    out_.no_state = vm_.contains("no-state");
    out_.exit_on_eof = vm_.contains("exit-on-eof");
    if (vm_.contains("ready-fd"))
      out_.ready_fd = vm_["ready-fd"].as<int>();
    if (vm_.contains("config")) {
      out_.config_file = vm_["config"].as<std::string>();
      out_.problems = read_config_file(out_.config_file, types_, out_.config, &places_);
      if (places_.files.empty())
        return; // it cannot be read
    }
    for (auto keys : {node_keys(), routing_keys()})
      for (const auto& k : keys)
        if (auto name = std::string{k.what.name}; vm_.contains(name) && out_.given.insert(name).second)
          if (auto ok = set_key(k, out_.config, vm_[name].as<std::string>()); !ok)
            usage("--" + name + ": " + ok.error().cause, ok.error().hint);
    for (const auto& k : section_kinds())
      if (has_short_form(k.what) && vm_.contains(k.what.kind))
        sections(k, vm_[k.what.kind].as<strings>());
    services();
    override_listener();
    check_name();
    check_rest();
  }

 private:
  void usage(std::string cause, std::string hint = {}) {
    out_.usage_error = true;
    out_.problems.push_back({errc::invalid_argument, std::move(cause), std::move(hint)});
  }

  /// Sections in their short form, the value of their main key. One that is only labelled has that for a name.
  void sections(const section_kind& kind, const strings& values) {
    const auto& d = kind.what;
    for (const auto& value : values)
      if (auto valid = read_value(*find_key(d.keys, d.main_key), value); !valid)
        usage("--" + d.kind + ": " + valid.error().cause, valid.error().hint);
      else
        (void)kind.add({d.name == section_name::label ? value : std::string{}, {{std::string{d.main_key}, value}}, types_, {}},
                       out_.config);
  }

  void services() {
    if (!vm_.contains("service"))
      return;
    for (const auto& s : vm_["service"].as<strings>()) {
      auto eq = s.find('=');
      auto name = s.substr(0, eq);
      auto type = eq == std::string::npos ? name : s.substr(eq + 1);
      std::vector<std::string_view> names;
      std::string list = "NAME=TYPE, types: ";
      for (const auto& t : types_)
        if (t.file_key.empty()) {
          list += (names.empty() ? "" : ", ") + std::string{t.name};
          names.push_back(t.name);
        }
      if (std::find(names.begin(), names.end(), type) == names.end()) {
        auto near = nearest(type, names);
        usage("--service: there is no service type " + printable(type), near ? "did you mean " + *near + "?" : list);
      } else {
        out_.config.services.push_back({name, type, {}});
      }
    }
  }

  /// Says what was found out about a section; at its line, where it stands in the file.
  void report(const config_finding& f) {
    auto at = places_.place(f.section, f.key);
    auto where = at.line == 0 ? std::string{} : places_.text(at) + ": ";
    out_.problems.push_back({errc::invalid_config, where + without_secrets(f.what.cause, places_.secrets), without_secrets(f.what.hint, places_.secrets)});
  }

  void check_name() {
    const auto& name = out_.config.name;
    if (places_.wrong.contains("node") || (name.empty() && (out_.no_state || out_.usage_error)))
      return;
    bool by_option = vm_.contains("name") || out_.config_file.empty();
    auto ok = name.empty() ? result<void>{error{errc::invalid_argument, "the node has no name", "give --name NAME, or name = NAME in section [node]"}}
              : out_.no_state ? result<void>{} : state::check_node_name(name);
    if (ok)
      return;
    if (by_option)
      return usage((name.empty() ? "" : "--name: ") + ok.error().cause, ok.error().hint);
    if (places_.place("node", {}).line == 0)
      places_.lines.emplace("node", config_places::written{{0, 1}});
    report({"node", "name", ok.error()});
  }

  /// What no key can tell alone, and what is in files. Of sections that are wrong already nothing more is said, but for options
  /// of services, each of which is right or wrong by itself.
  void check_rest() {
    auto found = check_whole(out_.config, types_);
    std::vector<config_finding> services;
    if (out_.check_config) { // otherwise they say so themselves
      for (auto* check : {&check_log, &check_http})
        for (auto& more : check(out_.config))
          found.push_back(std::move(more));
      services = check_services(out_.config, types_);
    }
    for (const auto& f : found)
      if (!places_.wrong.contains(f.section))
        report(f);
    for (const auto& f : services)
      if (!places_.wrong.contains(f.section) || (!f.key.empty() && !is_said(places_.place(f.section, f.key))))
        report(f);
    std::stable_sort(out_.problems.begin(), out_.problems.end(), [this](auto& l, auto& r) { return line_of(l) < line_of(r); });
  }

  bool is_said(const config_place& at) const {
    return std::any_of(out_.problems.begin(), out_.problems.end(), [&](auto& p) { return line_of(p) == at; });
  }

  /// Problems of the command line come first.
  config_place line_of(const error& e) const {
    for (std::size_t file = 0; file < places_.files.size(); ++file)
      if (auto before = places_.files[file] + ":"; e.cause.starts_with(before))
        if (auto line = std::atoi(e.cause.c_str() + before.size()); line > 0)
          return {file, line};
    return {};
  }

  void override_listener() {
    if (!vm_.contains("tcp-listener-address"))
      return;
    auto a = vm_["tcp-listener-address"].as<std::string>();
    if (auto valid = parse_socket_address(a); !valid)
      return usage("--tcp-listener-address: " + valid.error().cause, valid.error().hint);
    auto& list = out_.config.listeners;
    auto first = std::find_if(list.begin(), list.end(), [](auto& l) { return l.transport == "tcp"; });
    if (first == list.end())
      first = list.insert(list.begin(), {"default", "tcp", {}, {}});
    first->address = a;
    out_.given.insert("tcp-listener-address");
    first->retry = false; // who has just typed it is still there to hear that it is wrong
  }

  const po::variables_map& vm_;
  std::span<const service_type> types_;
  node_options& out_;
  config_places& places_ = out_.places;
};

error unknown_option(const std::string& name, const po::options_description& all) {
  strings names;
  for (const auto& o : all.options())
    names.push_back("--" + o->long_name());
  auto near = nearest(name, names);
  return {errc::invalid_argument, "unexpected argument '" + printable(name) + "' found",
          near ? "did you mean " + *near + "?" : "see: ockam-node --help"};
}

} // namespace

node_options parse_node_options(int argc, const char* const* argv, std::span<const service_type> service_types) {
  node_options out;
  out.command_line.assign(argv, argv + argc);
  auto all = general_options();
  all.add(parts_options()).add(node_key_options()).add(routing_key_options());
  po::variables_map vm;
  auto bad = [&](error e) {
    out.usage_error = true;
    out.problems.push_back(std::move(e));
  };
  try {
    po::positional_options_description none;
    auto style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
    po::store(po::command_line_parser(argc, argv).options(all).positional(none).style(style).run(), vm);
    po::notify(vm);
    out.help = vm.contains("help");
    out.version = vm.contains("version");
    out.config_schema = vm.contains("config-schema");
    if (!out.help && !out.version && !out.config_schema)
      option_reader{vm, service_types, out}.read();
  } catch (const po::unknown_option& e) {
    bad(unknown_option(e.get_option_name(), all));
  } catch (const po::too_many_positional_options_error&) {
    bad({errc::invalid_argument, "an argument does not belong to any option", "a configuration file is given as: --config FILE"});
  } catch (const po::error& e) {
    bad({errc::invalid_argument, e.what(), "see: ockam-node --help"});
  }
  return out;
}

node_options parse_again(const node_options& before, std::span<const service_type> service_types) {
  auto words = before;
  words.command_line.emplace_back("--check-config"); // what a start would find out later counts now
  return read_again(words, service_types);
}

node_options read_again(const node_options& before, std::span<const service_type> service_types) {
  std::vector<const char*> argv;
  for (const auto& word : before.command_line)
    argv.push_back(word.c_str());
  return parse_node_options(static_cast<int>(argv.size()), argv.data(), service_types);
}

node_usage usage_of_node() {
  node_usage out;
  out.about = "Run one node in the foreground: it routes messages between named workers, over any number of nodes.";
  out.usage = {"ockam-node --config FILE [OPTIONS]", "ockam-node --name NAME [--tcp-listener ADDRESS] [OPTIONS]"};
  auto add = [&](const char* title, const po::options_description& options) {
    node_usage::group g{title, {}};
    for (const auto& o : options.options())
      g.options.push_back({o->format_name() + (o->format_parameter().empty() ? "" : " " + o->format_parameter()), o->description()});
    out.groups.push_back(std::move(g));
  };
  add("General", general_options());
  add("Parts (each may be given several times)", parts_options());
  add("Keys of the section [node]", node_key_options());
  add("Keys of the section [routing]: routes that name other nodes", routing_key_options());
  out.signals = "SIGTERM and SIGINT let nothing new in, give what is under way the time that stop-grace says, and stop the node within two "
                "seconds after that; a second one stops it at once. SIGHUP opens the log file anew, reads the configuration again, and puts "
                "all of it into effect or nothing.";
  out.exit_codes = {{exit_ok, "stopped in order"}, {exit_usage, "wrong command line"},
                    {exit_unavailable, "an address is in use or the node is already running"}, {exit_internal, "another error"},
                    {exit_cannot_create, "OCKAM_HOME or the log cannot be written"}, {exit_forced, "something did not end in time and was cut off"},
                    {exit_config, "wrong configuration"}};
  out.example = "ockam-node --name n1 --tcp-listener 127.0.0.1:4000 --service hop";
  return out;
}

std::string node_help() {
  auto all = usage_of_node();
  std::ostringstream out;
  out << all.about << "\n\n";
  for (const auto& line : all.usage)
    out << (&line == &all.usage.front() ? "Usage: " : "       ") << line << '\n';
  out << '\n' << general_options() << '\n' << parts_options() << '\n' << node_key_options() << '\n' << routing_key_options() << '\n';
  std::string codes = "Exit codes:";
  for (const auto& [number, about] : all.exit_codes)
    codes += (number == 0 ? " " : "; ") + std::to_string(number) + " " + about;
  out << wrapped("Signals: " + all.signals) << '\n' << wrapped(codes + ".") << "\nExample: " << all.example << '\n';
  return out.str();
}

} // namespace ockam
