// SPDX-License-Identifier: Apache-2.0
#include "cli/node/section_text.hpp"

#include "runtime/core/units.hpp"

#include <cctype>

namespace ockam {

std::string section_title(const section_descriptor& d) {
  return "[" + d.kind + (d.name == section_name::none ? "]" : " NAME]");
}

std::string section_about(const section_descriptor& d) {
  std::string about{d.about};
  about.front() = static_cast<char>(std::toupper(static_cast<unsigned char>(about.front())));
  return about + (d.name == section_name::address ? ". NAME is the address that messages reach it at" : "")
         + (d.open ? ". Other keys are options of the service" : "") + ".";
}

std::string value_bounds(const key_descriptor& k) {
  auto words = [&] {
    std::string out;
    for (auto w : k.words)
      out += (out.empty() ? "" : ", ") + std::string{w};
    return out;
  };
  auto range = [&](auto shown) { return shown(k.least) + " to " + shown(k.most); };
  switch (k.type) {
    case key_type::number: return range([](std::uint64_t n) { return std::to_string(n); });
    case key_type::size: return range([](std::uint64_t n) { return size_text(n); });
    case key_type::duration:
      return (k.words.empty() ? "" : words() + ", ")
             + range([](std::uint64_t n) { return to_string(std::chrono::milliseconds{n}); });
    case key_type::choice: return words();
    case key_type::flag: return "yes, no";
    case key_type::list: return "a list, with commas";
    case key_type::text:
    case key_type::path:
      return k.most == 0 ? std::string{value_form(k)} : std::to_string(k.least) + " to " + std::to_string(k.most) + " bytes";
  }
  return {};
}

} // namespace ockam
