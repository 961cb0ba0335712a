// SPDX-License-Identifier: Apache-2.0
// Requests about services: start, stop, list.
#include "runtime/control/handlers.hpp"
#include "runtime/control/render.hpp"
#include "runtime/core/log.hpp"
#include "runtime/core/suggest.hpp"

namespace ockam {

void control_handlers::start_service(requester from, const control::StartService& m) {
  service_options options{service_options::values{m.options().begin(), m.options().end()}};
  parts_.services.start(m.type(), m.address(), std::move(options), [this, from, type = m.type()](result<address> at) {
    if (!at)
      return answer(from, at.error());
    log(level::info, "control", "started service " + type + " at " + to_string(*at));
    control::Response r;
    r.mutable_service()->set_address(at->name);
    r.mutable_service()->set_type(type);
    r.mutable_service()->set_reachable(true);
    answer(from, std::move(r));
  });
}

void control_handlers::stop_service(requester from, const control::StopService& m) {
  auto at = as_address(m.address());
  auto* there = parts_.node.board.find(at);
  if (!there || !parts_.services.has(there->type)) {
    std::vector<std::string> names;
    parts_.node.board.each([&](const address& a, const worker_entry& e) {
      if (parts_.services.has(e.type))
        names.push_back(a.name);
    });
    auto near = nearest(at.name, names);
    return answer(from, error{errc::not_found, "there is no service at " + to_string(at),
                              near ? "did you mean " + *near + "?" : "see them with: ockam service list"});
  }
  auto ok = parts_.node.workers.stop(at);
  if (ok)
    log(level::info, "control", "stopped service at " + to_string(at));
  answer(from, ok);
}

void control_handlers::list_services(requester from) {
  control::Response r;
  auto& out = *r.mutable_services();
  for (const auto& s : ockam::list_services(parts_))
    render(*out.add_services(), s);
  answer(from, std::move(r));
}

} // namespace ockam
