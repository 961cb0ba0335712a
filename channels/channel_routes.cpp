// SPDX-License-Identifier: Apache-2.0
// Routes that name secure channels.
#include "channels/channel_routes.hpp"

#include "channels/session.hpp"
#include "runtime/core/channel_parts.hpp"

#include <utility>
#include <vector>

namespace ockam::channels {

namespace {

/// A channel of a route.
struct link_of_chain {
  address session;
  std::shared_ptr<session_status> status;
  address at; ///< its encryptor
  route way;
};

/// So long the channel around another one outlives it: what that one says of its end has to get through.
constexpr std::chrono::milliseconds grace{200};

/// Ends them, the innermost (last) first.
void end_chain(const environment_ptr& env, std::vector<link_of_chain> chain) {
  if (chain.empty())
    return;
  auto last = std::move(chain.back());
  chain.pop_back();
  last.status->changed = nullptr;
  if (last.status->open)
    last.status->open->end({errc::closed, "the route that it was made for has ended", {}});
  (void)env->node.workers.stop(last.session);
  if (!chain.empty())
    env->node.reactor.after(grace, [env, chain = std::move(chain)] { end_chain(env, chain); });
}

/// The channels of one route, the outermost first, which end with it.
class chain final : public route_channels {
 public:
  explicit chain(environment_ptr env) : env_{std::move(env)} {}
  ~chain() override { end_chain(env_, std::move(all_)); }
  chain(const chain&) = delete;
  chain& operator=(const chain&) = delete;

  void add(link_of_chain one) { all_.push_back(std::move(one)); }

  void watch(watcher f) override {
    auto& status = *all_.back().status;
    status.changed = std::move(f);
    if (status.open)
      status.tell(); // nobody, where it is null
  }
  std::vector<info> list() const override {
    std::vector<info> out;
    for (const auto& one : all_)
      out.push_back({one.at, one.way, one.status->open ? to_string(one.status->open->peer()->id()) : std::string{}});
    return out;
  }
  void renew(const std::string& why) override {
    if (auto* open = all_.back().status->open)
      open->end({errc::closed, why, {}});
  }

 private:
  environment_ptr env_;
  std::vector<link_of_chain> all_;
};

using authorized = std::optional<std::vector<identities::identifier>>;

result<authorized> read_authorized(const channel_wishes& how) {
  if (!how.authorized)
    return authorized{};
  if (how.authorized->empty())
    return error{errc::invalid_argument, "authorized names nobody", "an identifier: I…"};
  authorized out{std::in_place};
  for (const auto& text : *how.authorized) {
    auto id = identities::parse_identifier(text);
    if (!id)
      return std::move(id).error();
    out->push_back(*id);
  }
  return out;
}

error no_worker_behind() {
  return {errc::invalid_route, "the route ends in a secure channel: what is at its other end is missing", "for example …/secure/api/service/echo"};
}

} // namespace

result<made_route> make_route(const environment_ptr& env, const multiaddr& m, const channel_wishes& how) {
  auto parts = split_at_channels(m);
  if (parts.size() == 1)
    return make_plain_route(m, how);
  auto own = env->identity(how.identity);
  if (!own)
    return std::move(own).error();
  if (auto whole = to_route(without_channels(m)); !whole)
    return std::move(whole).error();
  if (parts.back().parts.empty() && !how.may_end_in_channel)
    return no_worker_behind();
  auto wanted = read_authorized(how);
  if (!wanted)
    return std::move(wanted).error();
  made_route out;
  auto made = std::make_shared<chain>(env);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    auto next = to_route(parts[i]);
    if (!next)
      return std::move(next).error();
    out.to.insert(out.to.end(), next->begin(), next->end());
    if (i + 1 == parts.size())
      break;
    bool is_last = i + 2 == parts.size();
    auto e = is_last && !how.address.empty() ? address{how.address} : random_address();
    terms t{.env = env, .own = *own};
    t.patience = env->node.limits.handshake_timeout;
    if (is_last)
      t.wanted.authorized = *std::move(wanted);
    auto status = std::make_shared<session_status>();
    auto allow = is_last ? how.allow : std::vector<std::string>{};
    auto way = std::exchange(out.to, route{e});
    auto at = session::start(std::move(t), e, way, std::move(allow), how.lasting, status);
    if (!at)
      return std::move(at).error();
    made->add({*std::move(at), std::move(status), std::move(e), std::move(way)});
  }
  out.channels = std::move(made);
  return out;
}

} // namespace ockam::channels
