// SPDX-License-Identifier: Apache-2.0
#include "services/lua/script_options.hpp"

#include "runtime/core/units.hpp"

namespace ockam::lua {

sandbox read_sandbox(const service_options& o) {
  constexpr std::size_t least_memory = 256u << 10; // what the libraries take, some times over
  sandbox s;
  s.instructions = static_cast<std::uint64_t>(o.number("instructions", static_cast<std::int64_t>(s.instructions), 1000, 1'000'000'000'000));
  s.time = o.duration("time", s.time);
  if (s.time < std::chrono::milliseconds{10} || s.time > std::chrono::hours{1})
    o.reject("time", "10ms to 1h");
  s.memory = o.size("budget", s.memory);
  if (s.memory < least_memory)
    o.reject("budget", "a script needs at least 256KiB");
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
  return s;
}

script_options read_script_options(const service_options& o) {
  script_options out;
  out.file = o.required("script");
  out.limits = read_sandbox(o);
  out.rate = static_cast<std::uint64_t>(o.number("rate", 0, 0, 1'000'000'000));
  return out;
}

} // namespace ockam::lua
