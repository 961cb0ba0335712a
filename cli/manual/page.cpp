// SPDX-License-Identifier: Apache-2.0
#include "cli/manual/page.hpp"

#include <algorithm>
#include <cctype>
#include <sstream>

namespace ockam::manual {

namespace {

/// Text for roff: no line of it is a request, and a dash is the one that is typed.
std::string roff(const std::string& text) {
  std::string out;
  for (char c : text) {
    bool begins = out.empty() || out.back() == '\n';
    if (begins && (c == '.' || c == '\''))
      out += "\\&";
    switch (c) {
      case '\\': out += "\\e"; break;
      case '-': out += "\\-"; break;
      case '^': out += "\\(ha"; break;
      case '~': out += "\\(ti"; break;
      case '`': out += "\\(ga"; break;
      default: out += c;
    }
  }
  return out;
}

/// An argument of a request.
std::string quoted(const std::string& text) {
  std::string out;
  for (char c : roff(text))
    out += c == '"' ? std::string{"\\(dq"} : std::string{c};
  return '"' + out + '"';
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(), [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

void write(std::ostream& out, const part& p) {
  // A section of a file is called as it is written.
  out << ".SH " << quoted(p.title.starts_with('[') ? p.title : upper(p.title)) << '\n';
  for (const auto& text : p.paragraphs)
    out << ".PP\n" << roff(text) << '\n';
  for (const auto& e : p.entries)
    out << ".TP\n.B " << quoted(e.term) << '\n' << roff(e.text) << '\n';
  if (!p.code.empty())
    out << ".PP\n.nf\n.RS\n" << roff(p.code) << (p.code.ends_with('\n') ? "" : "\n") << ".RE\n.fi\n";
}

/// A cell of a table.
std::string cell(const std::string& text) {
  std::string out;
  for (char c : text)
    out += c == '|' ? std::string{"\\|"} : c == '<' ? std::string{"&lt;"} : std::string{c};
  return out;
}

std::string code_cell(const std::string& text) {
  std::string out;
  for (char c : text)
    out += c == '|' ? std::string{"\\|"} : std::string{c};
  return "`" + out + "`";
}

} // namespace

std::string file_name(const page& p) {
  return p.name + "." + std::to_string(p.section);
}

std::string to_roff(const page& p, const std::string& version) {
  std::ostringstream out;
  out << ".\\\" made from the tables of the programs: cli/manual/\n";
  out << ".TH " << quoted(upper(p.name)) << ' ' << p.section << " \"\" " << quoted("ockam " + version) << '\n';
  out << ".nh\n.ad l\n";
  out << ".SH NAME\n" << roff(p.name) << " \\- " << roff(p.about) << '\n';
  if (!p.synopsis.empty())
    out << ".SH SYNOPSIS\n.nf\n";
  for (const auto& line : p.synopsis)
    out << ".B " << quoted(line) << '\n';
  if (!p.synopsis.empty())
    out << ".fi\n";
  for (const auto& x : p.parts)
    write(out, x);
  if (!p.see_also.empty())
    out << ".SH \"SEE ALSO\"\n";
  for (std::size_t i = 0; i < p.see_also.size(); ++i)
    out << ".BR " << roff(p.see_also[i].first) << " (" << p.see_also[i].second << ')' << (i + 1 < p.see_also.size() ? "," : "") << '\n';
  return out.str();
}

std::string to_markdown(const page& p, int level, const std::string& title) {
  std::ostringstream out;
  const std::string mark(static_cast<std::size_t>(level), '#');
  out << mark << ' ' << title << "\n\n" << p.about << ".\n";
  if (!p.synopsis.empty())
    out << "\n```\n";
  for (const auto& line : p.synopsis)
    out << line << '\n';
  if (!p.synopsis.empty())
    out << "```\n";
  for (const auto& x : p.parts) {
    if (!x.paragraphs.empty() || !x.code.empty())
      out << "\n**" << x.title << "**\n";
    for (const auto& text : x.paragraphs)
      out << '\n' << cell(text) << '\n';
    if (!x.entries.empty())
      out << "\n| " << x.title << " | |\n|---|---|\n";
    for (const auto& e : x.entries)
      out << "| " << code_cell(e.term) << " | " << cell(e.text) << " |\n";
    if (!x.code.empty())
      out << "\n```\n" << x.code << (x.code.ends_with('\n') ? "" : "\n") << "```\n";
  }
  return out.str();
}

} // namespace ockam::manual
