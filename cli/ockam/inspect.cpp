// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/inspect.hpp"

#include "cli/ockam/node_identity.hpp"
#include "cli/ockam/nodes.hpp"
#include "cli/ockam/views.hpp"
#include "runtime/core/address.hpp"

namespace ockam::cli {

namespace {

/// One node that hangs must not use up the time of all others.
constexpr std::chrono::milliseconds answer_time{1'000};

} // namespace

json inspected_node::data() const {
  auto out = view(row, status, info ? &*info : nullptr);
  if (identity)
    out["identity_name"] = *identity;
  return out;
}

result<void> inspected_node::heard() const {
  if (silent)
    return *silent;
  return {};
}

std::string inspected_node::page() const {
  return page_of(row, status, info ? &*info : nullptr) + (identity ? "      Identity: " + printable(*identity) + "\n" : "");
}

inspected_node inspect(invocation& in, state::node_row row) {
  inspected_node out{std::move(row), {}, {}, {}};
  out.status = state::status_of(in.home, out.row);
  out.identity = identity_name_of(in, out.row.name);
  if (out.status != state::node_status::running)
    return out;
  control::Request r;
  r.mutable_show_node();
  auto c = open_node(in, out.row.name);
  auto answered = c ? c->call(std::move(r), deadline{answer_time}) : result<control::Response>{std::move(c).error()};
  if (answered)
    out.info = std::move(*answered->mutable_node());
  else
    out.silent = std::move(answered).error();
  return out;
}

result<std::vector<inspected_node>> inspect_all(invocation& in) {
  auto db = in.database();
  if (!db)
    return std::move(db).error();
  auto rows = (*db)->nodes();
  if (!rows)
    return std::move(rows).error();
  std::vector<inspected_node> out;
  for (auto& row : *rows)
    out.push_back(inspect(in, std::move(row)));
  return out;
}

} // namespace ockam::cli
