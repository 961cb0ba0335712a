// SPDX-License-Identifier: Apache-2.0
#include "services.hpp"
#include "words.hpp"

#include <chrono>

CAF_ALLOW_UNSAFE_MESSAGE_TYPE(caf::response_promise)

namespace {

using ready_atom = caf::atom_constant<caf::atom("ready")>;
using promise = caf::response_promise;

caf::behavior map(caf::event_based_actor* self, std::chrono::milliseconds delay) {
  return {
    [=](const ockam::request& r) -> caf::result<std::string> {
      if (!r.is_text())
        return caf::make_error(caf::sec::invalid_argument, std::string{"that is no text"});
      auto answer = self->make_response_promise<std::string>();
      auto counted = words::lines(words::count(r.text()));
      self->delayed_send(self, delay, ready_atom::value, promise{answer}, std::move(counted));
      return answer;
    },
    [](ready_atom, promise& answer, std::string& counted) { answer.deliver(std::move(counted)); },
  };
}

} // namespace

ockam::actor_factory mapper(const ockam::service_options& o) {
  return ockam::spawning(map, o.duration("delay", std::chrono::milliseconds{0}));
}
