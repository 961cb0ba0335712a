// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/completion.hpp"

#include <algorithm>
#include <map>

namespace ockam::cli {

namespace {

/// Shell code that prints the names of all nodes: their directories, so that it costs nothing. No patterns: zsh takes one
/// that matches nothing for an error.
constexpr const char* node_names = R"(for d in nodes run; do command ls "${OCKAM_HOME:-$HOME/.ockam}/$d" 2>/dev/null; done)";

std::vector<const option*> options_of(const command_table& t, const command& c) {
  std::vector<const option*> out;
  for (const auto& o : c.options)
    out.push_back(&o);
  for (const auto& o : t.globals)
    out.push_back(&o);
  return out;
}

/// The words that may follow in the first place, and in the second after each group.
std::map<std::string, std::string> words_after(const command_table& t) {
  std::map<std::string, std::string> out;
  auto add = [&](const std::string& where, const std::string& word) { out[where] += (out[where].empty() ? "" : " ") + word; };
  for (const auto& g : t.groups)
    add("", g.name);
  for (const auto& c : t.commands)
    c.path.find(' ') == std::string::npos ? add("", c.path) : add(std::string{first_word(c.path)}, std::string{last_word(c.path)});
  add("", "help");
  return out;
}

bool names_a_node(const command& c) {
  bool of_nodes = c.path.starts_with("node ") && c.path != "node create";
  return (of_nodes || c.path == "top" || c.path == "logs" || c.path == "config diff") && !c.arguments.empty();
}

/// Both shells take the same code; zsh runs it through bashcompinit. No variable is called `path`: in zsh that is PATH.
std::string bash_script(const command_table& t) {
  std::string out = "# completion of ockam for bash\n_ockam() {\n"
                    "  local cur=\"${COMP_WORDS[COMP_CWORD]}\" prev=\"${COMP_WORDS[COMP_CWORD-1]}\" words=\"\"\n"
                    "  # bash takes --output=json for three words\n"
                    "  if [ \"$cur\" = = ]; then cur=\"\"; elif [ \"$prev\" = = ]; then prev=\"${COMP_WORDS[COMP_CWORD-2]}\"; fi\n"
                    "  local cmd=\"${COMP_WORDS[1]}\" first=2\n"
                    "  case \"$cmd\" in ";
  std::string groups;
  for (const auto& g : t.groups)
    groups += (groups.empty() ? "" : "|") + g.name;
  out += groups + ") cmd=\"$cmd ${COMP_WORDS[2]}\"; first=3;; esac\n"
                  "  if [ \"$COMP_CWORD\" -lt \"$first\" ]; then\n"
                  "    if [ \"$COMP_CWORD\" -eq 1 ]; then cmd=\"\"; else cmd=\"${COMP_WORDS[1]}\"; fi\n"
                  "    case \"$cmd\" in\n";
  for (const auto& [where, words] : words_after(t))
    out += "      \"" + where + "\") words=\"" + words + "\";;\n";
  out += "    esac\n    COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n    return\n  fi\n"
         "  local nodes; nodes=\"$(" + std::string{node_names} + ")\"\n"
         "  case \"$cmd $prev\" in\n";
  for (const auto& c : t.commands)
    for (const auto* o : options_of(t, c))
      if (!o->value.empty()) {
        std::string values = o->value == "NODE" ? "$nodes" : "";
        for (const auto& v : o->values)
          values += (values.empty() ? "" : " ") + v;
        out += "    \"" + c.path + " --" + o->name + "\"";
        if (o->letter)
          out += std::string{"|\""} + c.path + " -" + o->letter + "\"";
        out += ") COMPREPLY=($(compgen -W \"" + values + "\" -- \"$cur\")); return;;\n";
      }
  out += "  esac\n  case \"$cmd\" in\n";
  for (const auto& c : t.commands) {
    out += "    \"" + c.path + "\") words=\"";
    for (const auto* o : options_of(t, c))
      out += "--" + o->name + " ";
    out.back() = '"';
    out += names_a_node(c) ? "; [[ \"$cur\" != -* ]] && words=\"$nodes\";;\n" : ";;\n";
  }
  return out + "  esac\n  COMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\ncomplete -F _ockam ockam\n";
}

std::string zsh_script(const command_table& t) {
  return "#compdef ockam\nautoload -U +X bashcompinit && bashcompinit\n" + bash_script(t);
}

std::string quoted(std::string text) {
  for (std::size_t i = 0; (i = text.find('\'', i)) != std::string::npos; i += 2)
    text.insert(i, "\\");
  return "'" + text + "'";
}

std::string fish_option(const option& o) {
  auto out = "-l " + o.name + (o.letter ? std::string{" -s "} + o.letter : "") + (o.value.empty() ? "" : " -x");
  if (o.value == "NODE")
    return out + " -a '(__ockam_nodes)'";
  std::string values;
  for (const auto& v : o.values)
    values += (values.empty() ? "" : " ") + v;
  return values.empty() ? out : out + " -a " + quoted(values);
}

std::string fish_script(const command_table& t) {
  std::string out = "# completion of ockam for fish\ncomplete -c ockam -f\n"
                    "function __ockam_nodes\n  set -l home $OCKAM_HOME; test -n \"$home\"; or set home ~/.ockam\n"
                    "  for d in $home/nodes/*/ $home/run/*/; basename $d; end\nend\n"
                    "function __ockam_at\n  set -l w (commandline -opc); test (count $w) -ge (math 1 + (count $argv)); or return 1\n"
                    "  for i in (seq (count $argv)); set -l j (math $i + 1); test \"$w[$j]\" = \"$argv[$i]\"; or return 1; end\nend\n";
  auto line = [&](const std::string& when, const std::string& what, const std::string& about) {
    out += "complete -c ockam -n " + quoted(when) + " " + what + " -d " + quoted(about) + "\n";
  };
  for (const auto& g : t.groups)
    line("test (count (commandline -opc)) -eq 1", "-a " + g.name, g.about);
  for (const auto& c : t.commands) {
    auto last = std::string{last_word(c.path)};
    if (last == c.path)
      line("test (count (commandline -opc)) -eq 1", "-a " + c.path, c.about);
    else
      line("__ockam_at " + std::string{first_word(c.path)} + "; and test (count (commandline -opc)) -eq 2", "-a " + last, c.about);
    if (names_a_node(c))
      line("__ockam_at " + c.path, "-a '(__ockam_nodes)'", "node");
    for (const auto& o : c.options)
      line("__ockam_at " + c.path, fish_option(o), o.about);
  }
  for (const auto& o : t.globals)
    out += "complete -c ockam " + fish_option(o) + " -d " + quoted(o.about) + "\n";
  return out;
}

} // namespace

std::string completion_script(const command_table& t, const std::string& shell) {
  return shell == "fish" ? fish_script(t) : shell == "zsh" ? zsh_script(t) : bash_script(t);
}

} // namespace ockam::cli
