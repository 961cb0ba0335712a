// SPDX-License-Identifier: Apache-2.0
#include "services/lua/script_service.hpp"

#include "services/lua/scripted.hpp"

namespace ockam {

service_type script_service() {
  service_type t;
  t.name = "script";
  t.is_sandboxed = true;
  t.file_key = "script";
  t.make = [](const service_options& o) -> result<std::unique_ptr<worker>> {
    auto own = lua::read_script_options(o);
    if (auto ok = o.wrong(); !ok)
      return std::move(ok).error();
    auto family = std::make_shared<lua::script_family>(std::exchange(own.rate, 0));
    auto w = std::make_unique<lua::scripted>(o, own, std::move(family));
    if (auto ok = w->load(); !ok)
      return std::move(ok).error();
    if (auto ok = w->check_options(); !ok)
      return std::move(ok).error();
    (void)o.all(); // the script has asked its copy
    return std::unique_ptr<worker>{std::move(w)};
  };
  return t;
}

} // namespace ockam
