// SPDX-License-Identifier: Apache-2.0
// Values of typed messages, from whoever sends.
#include "fuzz/targets.hpp"

#include "runtime/workers/typed_values.hpp"

#include <caf/timestamp.hpp>

#include <cstdlib>
#include <map>
#include <set>

namespace ockam::fuzz {

namespace {

struct tree {
  std::string name;
  std::vector<tree> below;
};
template <class Inspector>
typename Inspector::result_type inspect(Inspector& f, tree& t) {
  return f(t.name, t.below);
}

/// What is read can be written, and is then the same bytes, but for what has several forms on the wire.
template <class T>
void read_and_write(bytes in, bool has_one_form) {
  T x{};
  typed::reader r{in};
  if (!r.read(x) || !r.at_end())
    return;
  if (r.memory() > typed::most_memory)
    std::abort();
  std::vector<std::byte> out;
  typed::writer w{out};
  if (!w.write(x) || out.size() > in.size()
      || (has_one_form && !std::equal(out.begin(), out.end(), in.begin(), in.end())))
    std::abort();
}

} // namespace

void typed_message(bytes in) {
  if (in.empty())
    return;
  auto rest = in.subspan(1);
  switch (std::to_integer<int>(in[0]) % 6) {
    case 0: return read_and_write<tree>(rest, false); // lengths may be padded
    case 1: return read_and_write<std::tuple<std::int16_t, std::uint64_t, float, double, caf::atom_value>>(rest, true);
    case 2: return read_and_write<std::map<std::string, caf::optional<std::vector<std::u16string>>>>(rest, false);
    case 3: return read_and_write<caf::variant<bool, std::string, std::vector<std::uint8_t>>>(rest, false);
    case 4: return read_and_write<std::pair<std::set<std::int32_t>, caf::timestamp>>(rest, false);
    default: return read_and_write<std::vector<std::vector<bool>>>(rest, false);
  }
}

} // namespace ockam::fuzz
