// SPDX-License-Identifier: Apache-2.0
#include "runtime/node/assembly.hpp"

#include "runtime/core/account.hpp"
#include "runtime/core/log.hpp"
#include "runtime/workers/actor_children.hpp"
#include "runtime/workers/actor_publisher.hpp"
#include "runtime/workers/own_turn.hpp"
#include "runtime/workers/remote_actor.hpp"
#include "runtime/workers/watch_client.hpp"
#include "runtime/workers/watch_server.hpp"

#include <caf/exit_reason.hpp>
#include <caf/send.hpp>

#include <iterator>

namespace ockam {

namespace {

constexpr std::string_view actors_address = "_internal.actors";
constexpr std::string_view publisher_address = "_internal.publisher";
constexpr std::string_view watcher_address = "_internal.watcher";

/// How often to look whether what was under way has finished. So long after its listeners are closed a node still takes what
/// comes: it was sent before anybody could know.
constexpr std::chrono::milliseconds drain_check{10};
/// An open stream that has carried nothing for so long is idle, and holds up nobody.
constexpr std::chrono::milliseconds drain_idle{500};

/// The configuration without its sections, and without the memory for them.
node_config without_sections(node_config c) {
  decltype(c.listeners){}.swap(c.listeners);
  decltype(c.connections){}.swap(c.connections);
  decltype(c.services){}.swap(c.services);
  decltype(c.items){}.swap(c.items);
  return c;
}

} // namespace

assembly::assembly(caf::actor_system& sys, net::reactor& reactor, const node_config& config, node_parts parts, std::uint32_t seed)
  : sys_{sys}, reactor_{reactor}, config_{without_sections(config)}, kinds_{std::move(parts)}, memory_{config_.limit.node_budget},
    local_{ledger::make(memory_, config_.limit.node_budget, nullptr)}, board_{config_.name, [this] { return reactor_.now(); }}, workers_{sys, board_, reactor_, memory_, config_.limit},
    transports_{context_, &sys}, connector_{context_, seed},
    dialer_{context_, config_.routing, connector_, transports_, seed}, reload_{this->parts(), config_}, sections_{reactor, config_, reload_, kinds_.own_file, kinds_.compare} {}

assembly::~assembly() = default;

live_parts assembly::parts() {
  return {context_, services_, transports_, connector_, dialer_, facilities_, kinds_.routes, sections_, since_, http_address_};
}

void assembly::open() {
  if (kinds_.spans)
    board_.keep_spans(kinds_.spans, [this](address_view link) { return peer_of(link); });
  reactor_.at_end_of_turn([this] { end_turn(); });
  router_ = spawn_router(sys_, board_, workers_, [this] { end_turn(); });
  workers_.router(router_);
  workers_.charge_to(*local_);
  workers_.watch();
  workers_.kinds([this](const child_order& o) { return services_.for_child(o); });
  flows_.services = board_.flows().create();
  board_.any_name_for(flows_.services);
  flows_.outgoing = board_.flows().create();
  start_internal(watch_address, "watch", std::make_unique<watch_server>(workers_));
  start_internal(watcher_address, "watcher", std::make_unique<watch_client>(workers_));
  start_internal(actors_address, "actors", make_remote_gate(config_.limit.max_frame));
  start_internal(publisher_address, "publisher", make_actor_publisher(context_));
  transports_.ask_before_sending([this](address_view peer) { return dialer_.allows(peer); });
  for (auto make : kinds_.transports)
    transports_.add(make);
  for (const auto& make : kinds_.facilities)
    facilities_.add(make({context_, connector_, transports_, config_.routing}));
}

/// At the other end of the link at this address, or of the one that a connection of this name has now.
std::string assembly::peer_of(address_view link) const {
  for (const auto& t : transports_)
    if (auto found = t->find_link(link))
      return found->socket_address;
  return connector_.peer_of(link);
}

/// A worker that belongs to the node itself, on the socket thread.
void assembly::start_internal(std::string_view at, std::string_view type, std::unique_ptr<worker> w) {
  worker_options o;
  o.type = type;
  o.internal = true;
  o.budget = account::usual;
  (void)workers_.start(address{std::string{at}}, std::move(w), std::move(o));
}

void assembly::end_turn() {
  if (board_.run_turn() && !turn_posted_) {
    turn_posted_ = true;
    reactor_.post([this] { turn_posted_ = false; });
  }
}

result<void> assembly::start_control(const std::string& socket_path, stop_request ask) {
  desk_.ask = std::move(ask);
  if (socket_path.empty())
    return {};
  worker_options o;
  o.type = "control";
  return workers_.start(address{std::string{control_address}}, make_control(parts(), socket_path, desk_),
                        std::move(o));
}

stop_notice assembly::drain(std::optional<std::chrono::milliseconds> grace, std::function<void()> drained) {
  auto until = reactor_.now() + grace.value_or(config_.stop_grace);
  if (desk_.closed) {
    drain_until_ = std::min(drain_until_, until);
  } else {
    desk_.closed = true;
    drained_ = std::move(drained);
    drain_until_ = until;
    reload_.stop();
    for (const auto& t : transports_)
      t->close_doors();
    for (const auto& f : facilities_)
      f->close_doors();
    drain_timer_ = reactor_.after(drain_check, [this] {
      board_.take_answers_only();
      check_drained();
    });
  }
  auto left = std::chrono::ceil<std::chrono::milliseconds>(drain_until_ - reactor_.now());
  return {std::max(left, std::chrono::milliseconds{0}), is_busy()};
}

/// A peer that takes nothing, and a frame that has come in half, hold up nobody.
bool assembly::is_busy() {
  std::size_t stuck = 0;
  for (const auto& t : transports_) {
    auto out = t->output();
    if (out.moves)
      return true;
    stuck += out.stuck;
  }
  return carries() || desk_.under_way > 0 || board_.queued() > 0 || workers_.waits_for_replies() || control_memory_.used() > 0
         || memory_.used() > frames_.bytes() + stuck;
}

bool assembly::carries() {
  carried_bytes now;
  for (const auto& f : facilities_) {
    auto c = f->carried();
    now.open += c.open;
    now.bytes += c.bytes;
  }
  if (now.bytes != std::exchange(carried_, now.bytes))
    carried_at_ = reactor_.now();
  return now.open > 0 && reactor_.now() - carried_at_ < drain_idle;
}

void assembly::check_drained() {
  drain_timer_ = 0;
  bool busy = is_busy();
  if (busy && reactor_.now() < drain_until_) {
    drain_timer_ = reactor_.after(drain_check, [this] { check_drained(); });
    return;
  }
  if (busy)
    log(level::warn, "node", "what is under way has not finished in time, and is cut off");
  if (auto done = std::exchange(drained_, nullptr))
    done();
}

void assembly::close() {
  reactor_.cancel(std::exchange(drain_timer_, 0));
  drained_ = nullptr;
  reload_.stop();
  (void)workers_.stop(address{std::string{control_address}});
  // What goes by another facility's things, as portals do by channels, is behind it in the list.
  for (auto f = std::make_reverse_iterator(facilities_.end()); f != std::make_reverse_iterator(facilities_.begin()); ++f)
    (*f)->stop();
  connector_.stop();
  dialer_.stop();
  transports_.stop();
  workers_.stop_all();
  caf::anon_send_exit(router_, caf::exit_reason::user_shutdown);
  router_ = nullptr;
}

void assembly::clear() {
  facilities_.clear();
  transports_.clear();
  reactor_.at_end_of_turn(nullptr);
  own_turn::close(sys_);
  actors::children::close(sys_);
  forget_actor_publisher(sys_);
  forget_remote_gate(sys_);
}

} // namespace ockam
