// SPDX-License-Identifier: Apache-2.0
// JSON and CBOR as scripts decode them, from whoever sends.
#include "fuzz/targets.hpp"

#include "services/lua/lua_engine.hpp"
#include "services/lua/lua_values.hpp"

#include <cstdlib>

namespace ockam::fuzz {

void script_values(bytes in) {
  using format = nlohmann::json::input_format_t;
  lua::lua_engine engine{lua::sandbox{.memory = 1u << 20}, nullptr};
  std::string_view text{reinterpret_cast<const char*>(in.data()), in.size()};
  for (auto f : {format::json, format::cbor}) {
    auto o = engine.run([&](lua_State* L) {
      lua::open_values(L);
      if (lua::push_decoded(L, text, f) == 2)
        return; // nil and the reason
      auto again = lua::encoded(L, -1, format::cbor); // what was decoded can be written
      if (lua::push_decoded(L, again, format::cbor) != 1)
        std::abort();
    });
    // A value may be too large for the memory of the script, and JSON text may say what is no UTF-8 as a key.
    if (o.what == lua::outcome::kind::failed && o.why.empty())
      std::abort();
  }
}

} // namespace ockam::fuzz
