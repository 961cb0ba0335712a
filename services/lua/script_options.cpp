// SPDX-License-Identifier: Apache-2.0
#include "services/lua/script_options.hpp"

#include "runtime/core/units.hpp"

namespace ockam::lua {

namespace {

/// What a child may have at most is what its parent has.
void check_against(const sandbox& of_parent, const sandbox& s, const service_options& o) {
  constexpr std::string_view why = "a child may have no more of it than its parent";
  if (s.instructions > of_parent.instructions)
    o.reject("instructions", why);
  if (s.time > of_parent.time)
    o.reject("time", why);
  if (s.memory > of_parent.memory)
    o.reject("budget", why);
  if ((s.io && !of_parent.io) || (s.os && !of_parent.os) || (s.package && !of_parent.package))
    o.reject("allow", "a child may use no more than its parent");
}

} // namespace

sandbox read_sandbox(const service_options& o, const sandbox* of_parent) {
  constexpr std::size_t least_memory = 256u << 10; // what the libraries take, some times over
  sandbox s;
  if (of_parent)
    s = {.instructions = of_parent->instructions, .time = of_parent->time, .memory = of_parent->memory};
  s.instructions = static_cast<std::uint64_t>(
    o.number("instructions", static_cast<std::int64_t>(s.instructions), 1000, 1'000'000'000'000));
  s.time = o.duration("time", s.time);
  if (s.time < std::chrono::milliseconds{10} || s.time > std::chrono::hours{1})
    o.reject("time", "10ms to 1h");
  s.memory = o.size("budget", s.memory);
  if (s.memory < least_memory)
    o.reject("budget", "a script needs at least 256KiB");
  if (!of_parent)
    (void)o.flag("trusted", false); // says where it may run: `placement`
  for (const auto& word : split_list(o.text("allow")))
    if (word == "io")
      s.io = true;
    else if (word == "os")
      s.os = true;
    else if (word == "package")
      s.package = true;
    else
      o.reject("allow", "io, os and package are what may be allowed");
  if (of_parent)
    check_against(*of_parent, s, o);
  return s;
}

script_options read_script_options(const service_options& o, const sandbox* of_parent) {
  script_options out;
  out.file = o.required("script");
  out.limits = read_sandbox(o, of_parent);
  out.rate = static_cast<std::uint64_t>(o.number("rate", 0, 0, 1'000'000'000));
  out.ends_on_error = o.choice("on-error", of_parent ? "end" : "go-on", {"go-on", "end"}) == "end";
  return out;
}

} // namespace ockam::lua
