// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/parse.hpp"

#include "cli/ockam/usage.hpp"
#include "runtime/core/address.hpp"
#include "runtime/core/suggest.hpp"
#include "runtime/core/version.hpp"

#include <boost/program_options.hpp>

#include <algorithm>
#include <optional>

namespace ockam::cli {

namespace po = boost::program_options;

namespace {

using words = std::vector<std::string>;

std::string try_help(const std::string& text, const std::string& usage = {}) {
  return "error: " + text + "\n\n" + (usage.empty() ? "" : usage + "\n\n") + "For more information, try '--help'.\n";
}

usage_answer wrong(const std::string& text, const std::string& usage = {}) {
  return {try_help(text, usage), exit_usage, {}};
}

std::string possible(const words& values) {
  std::string out;
  for (const auto& v : values)
    out += (out.empty() ? "" : ", ") + v;
  return values.empty() ? out : "\n  [possible values: " + out + "]";
}

std::string plain_name(std::string name) {
  name.erase(0, name.find_first_not_of('-') == std::string::npos ? 0 : name.find_first_not_of('-'));
  return name;
}

/// Where the words that name the command stand, and which they are.
struct place {
  const group* in_group = nullptr;
  const command* what = nullptr;
  std::vector<std::size_t> used; ///< positions of the words
  std::optional<std::string> unknown;
};

const option* find_option(const std::vector<option>& list, std::string_view word) {
  bool is_long = word.starts_with("--");
  auto name = is_long ? word.substr(2, word.find('=') - 2) : word.substr(1);
  auto it = std::find_if(list.begin(), list.end(), [&](const option& o) {
    return is_long ? o.name == name : name.size() == 1 && o.letter == name.front();
  });
  return it == list.end() ? nullptr : &*it;
}

/// A global option in front of the command takes its value along.
bool takes_next(const command_table& t, const std::string& word) {
  auto* o = find_option(t.globals, word);
  return o && !o->value.empty() && word.find('=') == std::string::npos;
}

words::iterator first_plain_word(const command_table& t, words& in) {
  auto it = in.begin();
  while (it != in.end() && *it != "--" && it->size() > 1 && it->front() == '-')
    it += takes_next(t, *it) && it + 1 != in.end() ? 2 : 1;
  return it;
}

place locate(const command_table& t, const words& in) {
  place p;
  for (std::size_t i = 0; i < in.size() && !p.what && in[i] != "--"; ++i) {
    if (in[i].size() > 1 && in[i].front() == '-') {
      if (takes_next(t, in[i]))
        ++i;
      continue;
    }
    auto path = p.in_group ? p.in_group->name + " " + in[i] : in[i];
    if (auto* c = t.find(path))
      p.what = c;
    else if (auto* g = p.in_group ? nullptr : t.find_group(in[i]))
      p.in_group = g;
    else {
      p.unknown = in[i];
      return p;
    }
    p.used.push_back(i);
  }
  return p;
}

usage_answer unknown_command(const command_table& t, const place& p) {
  words names;
  for (const auto& c : t.commands)
    if (p.in_group ? first_word(c.path) == p.in_group->name : c.path.find(' ') == std::string::npos)
      names.emplace_back(last_word(c.path));
  if (!p.in_group)
    for (const auto& g : t.groups)
      names.push_back(g.name);
  auto near = nearest(*p.unknown, names);
  auto text = "unrecognized subcommand '" + printable(*p.unknown) + "'"
              + (near ? "\n\n  tip: a similar subcommand exists: '" + *near + "'" : "");
  return wrong(text, p.in_group ? usage_line(*p.in_group) : usage_line(t));
}

usage_answer help_at(const command_table& t, const place& p, int exit_code) {
  if (p.what)
    return {help(t, *p.what), exit_code, help_data(t, *p.what)};
  if (p.in_group)
    return {help(t, *p.in_group), exit_code, help_data(t, *p.in_group)};
  return {help(t), exit_code, help_data(t)};
}

/// Options and arguments of one command.
class reader {
 public:
  reader(const command_table& t, const command& c) : what_{c} {
    for (const auto* list : {&c.options, &t.globals})
      for (const auto& o : *list) {
        options_.push_back(&o);
        auto name = o.letter ? o.name + "," + o.letter : o.name;
        if (o.value.empty())
          description_.add_options()(name.c_str(), "");
        else
          description_.add_options()(name.c_str(), po::value<std::string>(), "");
      }
  }

  std::variant<parsed_command, usage_answer> read(const words& in) {
    po::positional_options_description positions;
    positions.add(positional, -1);
    po::options_description all;
    all.add(description_).add_options()(positional, po::value<words>(), "");
    std::vector<po::option> found;
    try {
      auto style = po::command_line_style::unix_style & ~po::command_line_style::allow_guessing;
      found = po::command_line_parser(in).options(all).positional(positions).style(style).run().options;
    } catch (const po::unknown_option& e) {
      return unknown_option("--" + plain_name(e.get_option_name()), e.get_option_name());
    } catch (const po::error_with_option_name& e) {
      return bad_syntax(plain_name(e.get_option_name()), e);
    } catch (const po::error& e) {
      return wrong(e.what(), usage_line(what_));
    }
    parsed_command out{&what_, {}};
    for (const auto* o : options_)
      if (!o->fallback.empty())
        out.args.fallback(o->name, o->fallback);
    for (const auto& f : found)
      if (auto bad = f.string_key == positional ? take_argument(out, f) : take_option(out, f))
        return std::move(*bad);
    if (auto bad = missing(out))
      return std::move(*bad);
    return out;
  }

 private:
  static constexpr const char* positional = " argument"; // no option can have a blank in its name

  std::optional<usage_answer> take_argument(parsed_command& out, const po::option& f) {
    for (const auto& text : f.value) {
      if (taken_ == what_.arguments.size())
        return wrong("unexpected argument '" + printable(text) + "' found", usage_line(what_));
      const auto& a = what_.arguments[taken_];
      if (!a.repeated)
        ++taken_;
      if (auto bad = check(spelled(a), text, a.values, a.check))
        return bad;
      out.args.add(a.name, text);
    }
    return std::nullopt;
  }

  std::optional<usage_answer> take_option(parsed_command& out, const po::option& f) {
    const auto& o = *by_name(f.string_key);
    if (!o.repeated && out.args.has(o.name))
      return wrong("the argument '" + spelled(o) + "' cannot be used multiple times", usage_line(what_));
    auto text = f.value.empty() ? std::string{} : f.value.front();
    if (!o.value.empty())
      if (auto bad = check(spelled(o), text, o.values, o.check))
        return bad;
    out.args.add(o.name, text);
    return std::nullopt;
  }

  static std::optional<usage_answer> check(const std::string& what, const std::string& text, const words& values,
                                           check_function f) {
    auto invalid = "invalid value '" + printable(text) + "' for '" + what + "'";
    if (!values.empty() && std::find(values.begin(), values.end(), text) == values.end()) {
      auto near = nearest(text, values);
      return wrong(invalid + possible(values) + (near ? "\n\n  tip: a similar value exists: '" + *near + "'" : ""));
    }
    if (!f)
      return std::nullopt;
    if (auto ok = f(text); !ok)
      return wrong(invalid + ": " + ok.error().cause + (ok.error().hint.empty() ? "" : "\n\n  tip: " + ok.error().hint));
    return std::nullopt;
  }

  std::optional<usage_answer> missing(const parsed_command& out) const {
    std::string list;
    for (const auto& o : what_.options) {
      if (o.required && !out.args.has(o.name))
        list += "\n  " + spelled(o);
      if (!o.needs.empty() && out.args.has(o.name) && !out.args.has(o.needs))
        list += "\n  " + spelled(*by_name(o.needs));
    }
    for (std::size_t i = taken_; i < what_.arguments.size(); ++i)
      if (what_.arguments[i].required && !out.args.has(what_.arguments[i].name))
        list += "\n  " + spelled(what_.arguments[i]);
    if (list.empty())
      return std::nullopt;
    return wrong("the following required arguments were not provided:" + list, usage_line(what_, true));
  }

  usage_answer unknown_option(const std::string& name, const std::string& given) const {
    words names;
    for (const auto* o : options_)
      names.push_back("--" + o->name);
    auto near = nearest(name, names);
    auto shown = printable(given.starts_with('-') ? given : name);
    auto tip = near ? "a similar argument exists: '" + *near + "'" : "to pass '" + shown + "' as a value, use '-- " + shown + "'";
    return wrong("unexpected argument '" + shown + "' found\n\n  tip: " + tip, usage_line(what_));
  }

  usage_answer bad_syntax(const std::string& name, const po::error_with_option_name& e) const {
    const auto* o = by_name(name);
    if (!o)
      return wrong(e.what(), usage_line(what_));
    if (o->value.empty())
      return wrong("unexpected value for '" + spelled(*o) + "' found; no more were expected", usage_line(what_));
    return wrong("a value is required for '" + spelled(*o) + "' but none was supplied" + possible(o->values));
  }

  const option* by_name(const std::string& name) const {
    auto it = std::find_if(options_.begin(), options_.end(), [&](const auto* o) {
      return o->name == name || (name.size() == 1 && o->letter == name.front());
    });
    return it == options_.end() ? nullptr : *it;
  }

  const command& what_;
  std::vector<const option*> options_;
  po::options_description description_;
  std::size_t taken_ = 0; ///< positional arguments so far
};

} // namespace

std::string arguments::get(const std::string& name) const {
  if (auto it = given_.find(name); it != given_.end())
    return it->second.back();
  auto it = fallback_.find(name);
  return it == fallback_.end() ? std::string{} : it->second;
}

std::vector<std::string> arguments::list(const std::string& name) const {
  auto it = given_.find(name);
  return it == given_.end() ? words{} : it->second;
}

std::variant<parsed_command, usage_answer> parse(const command_table& t, const std::vector<std::string>& given) {
  auto in = given;
  auto first = first_plain_word(t, in);
  bool help_word = first != in.end() && *first == "help";
  if (help_word)
    in.erase(first);
  auto p = locate(t, in);
  if (p.unknown)
    return unknown_command(t, p);
  auto end = std::find(in.begin(), in.end(), "--");
  auto asked = [&](std::string_view a, std::string_view b) {
    return std::any_of(in.begin(), end, [&](const auto& w) { return w == a || w == b; });
  };
  if (help_word || asked("-h", "--help"))
    return help_at(t, p, 0);
  if (!p.what && !p.in_group && asked("-V", "--version"))
    return usage_answer{"ockam " + std::string{version} + "\n", 0, {{"name", "ockam"}, {"version", version}}};
  if (!p.what) {
    auto odd = std::find_if(in.begin(), end, [&](const auto& w) { return w.size() > 1 && w.front() == '-' && !find_option(t.globals, w); });
    return odd == end ? help_at(t, p, exit_usage)
                      : wrong("unexpected argument '" + printable(*odd) + "' found", p.in_group ? usage_line(*p.in_group) : usage_line(t));
  }
  words rest;
  for (std::size_t i = 0; i < in.size(); ++i)
    if (std::find(p.used.begin(), p.used.end(), i) == p.used.end())
      rest.push_back(in[i]);
  bool needs = std::any_of(p.what->arguments.begin(), p.what->arguments.end(), [](auto& a) { return a.required; })
               || std::any_of(p.what->options.begin(), p.what->options.end(), [](auto& o) { return o.required; });
  if (rest.empty() && needs)
    return help_at(t, p, exit_usage);
  return reader{t, *p.what}.read(rest);
}

} // namespace ockam::cli
