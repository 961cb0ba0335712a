// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <lua.hpp>
#include <nlohmann/json.hpp>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

/// Between Lua's values and those of JSON and CBOR:
///
///     nil, json.null ↔ null      boolean ↔ boolean      integer, float ↔ number      string ↔ text
///     table {a, b, …} ↔ array    table {k = v, …} ↔ object    string that is not UTF-8 ↔ CBOR byte string
///
/// What decodes to an array remembers it, so that an empty one stays one; `json.array{}` makes one. A table is
/// either a list or has text keys. Raise Lua errors; the library is the one that was built as C++, so
/// destructors run. Thread: the one that has the state.
namespace ockam::lua {

/// Deeper values are refused, and so are tables that contain themselves.
inline constexpr int max_depth = 64;

/// Pushes what `bytes` say; nothing is built outside of the state and its memory limit. Pushes nil and the
/// reason when they are wrong. Returns how many values were pushed.
int push_decoded(lua_State* L, std::string_view bytes, nlohmann::json::input_format_t format);

/// The value at `index`, for `format`.
nlohmann::json to_json(lua_State* L, int index, nlohmann::json::input_format_t format);

/// The same as JSON text, as CBOR bytes.
std::string encoded(lua_State* L, int index, nlohmann::json::input_format_t format);

/// The globals `json` (encode, decode, array, null) and `cbor` (encode, decode).
void open_values(lua_State* L);

} // namespace ockam::lua
