// SPDX-License-Identifier: Apache-2.0
#include "runtime/links/connector.hpp"

#include "runtime/core/backoff.hpp"
#include "runtime/core/endpoint.hpp"
#include "runtime/core/units.hpp"
#include "runtime/core/log.hpp"

#include <algorithm>
#include <deque>

namespace ockam {

namespace {

/// A link that was up for this long was a good one: the first attempt after it is made at once.
constexpr std::chrono::milliseconds steady{2'000};

/// The peer's address in the form that routes and lists have.
std::string usual_form(const std::string& peer) {
  auto e = parse_endpoint(peer);
  return e ? to_string(*e) : peer;
}

} // namespace

/// Has the address of a connection while there is no link.
class connector::placeholder final : public worker {
 public:
  explicit placeholder(connection& c) : connection_{c} {}
  void on_message(message_ptr m) override;

 private:
  connection& connection_; // ends this worker before it goes
};

class connector::connection final : public std::enable_shared_from_this<connection> {
 public:
  connection(connector& owner, const connection_config& c, transport& t, watcher w, std::uint32_t seed)
    : owner_{owner}, config_{c}, transport_{t}, watcher_{std::move(w)}, name_{c.name.empty() ? random_address() : address{c.name}},
      remote_{usual_form(c.address)}, backoff_{c.retry, seed}, flow_{board().flows().create()} {}

  ~connection() { end(); }

  const address& name() const { return name_; }
  /// The address of the link that is up, or of the last one.
  const address& link() const { return link_; }
  bool of(const transport& t) const { return &transport_ == &t; }
  bool has_watcher() const { return watcher_.up != nullptr; }
  bool leads_to(address_view peer) const { return peer.type == transport_.type() && peer.name == remote_; }
  bool is(std::string_view which) const {
    return which == name_.name || which == to_string(name_) || which == remote_ || which == config_.address;
  }

  /// Takes the name, and waits for its first link.
  result<void> begin() { return hold_place(); }

  void attempt(std::chrono::milliseconds timeout, created first = {}) {
    first_ = std::move(first);
    enter(state::connecting);
    ++attempts_;
    connect_options o;
    o.alias = name_.name;
    o.allow = config_.allow;
    o.timeout = timeout;
    o.extra = config_.options;
    o.proxy = config_.proxy;
    o.producer = flow_;
    o.on_end = [weak = weak_from_this()](const link_info& last, const std::string& why) {
      if (auto c = weak.lock())
        c->lost(last, why);
    };
    transport_.connect(config_.address, std::move(o), [weak = weak_from_this(), &t = transport_](result<link_info> l) {
      auto c = weak.lock();
      if (c && !c->ended_)
        return l ? c->up(*l) : c->failed(l.error());
      if (l) // it was removed meanwhile
        (void)t.close_link(l->link_address);
    });
  }

  /// A message while there is no link.
  void take(message_ptr m) {
    auto size = m->footprint();
    if (config_.hold_bytes == 0)
      return undeliverable(std::move(m), "");
    if (size > config_.hold_bytes - held_bytes_ || holds_.enter(m->held) == hold_table::entry::refused)
      return undeliverable(std::move(m), ", and no more messages can be held");
    held_.push_back({std::move(m), size, reactor().now() + config_.hold_time});
    held_bytes_ += size;
    if (hold_timer_ == 0)
      watch_held();
  }

  /// Gone for good.
  void end() {
    if (std::exchange(ended_, true))
      return;
    reactor().cancel(std::exchange(retry_timer_, 0));
    reactor().cancel(std::exchange(hold_timer_, 0));
    while (!held_.empty())
      undeliverable(pop_held(), "");
    all_workers().remove_alias(name_);
    (void)all_workers().stop(placeholder_);
    for (const auto& l : transport_.links())
      if (l.worker_address == name_.name)
        (void)transport_.close_link(l.link_address);
    board().remove_flow(flow_);
  }

  const std::string& remote() const noexcept { return remote_; }
  /// `now`: the link as its transport knows it; null when there is none.
  link_info info(const link_info* now) const {
    link_info i;
    if (now)
      i = *now;
    else
      i.state = state_ == state::waiting ? "waiting" : "connecting";
    i.transport = transport_.name();
    i.outgoing = true;
    i.socket_address = remote_;
    i.worker_address = name_.name;
    i.flow_control_id = board().flows().text(flow_);
    i.lasting = true;
    i.attempts = attempts_;
    i.reconnects = reconnects_;
    if (!now || i.last_error.empty())
      i.last_error = last_error_;
    auto at = reactor().now();
    using std::chrono::duration_cast, std::chrono::milliseconds;
    i.since = duration_cast<milliseconds>(at - since_);
    if (state_ == state::waiting)
      i.next_retry = std::max(milliseconds{0}, duration_cast<milliseconds>(next_try_ - at));
    i += past_;
    i.queued_bytes += held_bytes_;
    return i;
  }

 private:
  enum class state : std::uint8_t { connecting, up, waiting };
  struct held {
    message_ptr what;
    std::size_t size;
    net::reactor::clock::time_point until;
  };

  switchboard& board() const { return owner_.context_.board; }
  net::reactor& reactor() const { return owner_.context_.reactor; }
  workers& all_workers() const { return owner_.context_.workers; }
  std::string title() const { return "connection " + to_string(name_) + " to " + remote_; }

  void enter(state s) {
    state_ = s;
    since_ = reactor().now();
  }

  // -- the two that have the address in turn ---------------------------------------------------------

  /// From now on the placeholder has the name.
  result<void> hold_place() {
    if (!board().find(placeholder_)) {
      worker_options o;
      o.type = "waiting-link";
      o.producer = flow_;
      o.internal = true;
      if (auto ok = all_workers().start(placeholder_, std::make_unique<placeholder>(*this), std::move(o)); !ok)
        return ok;
    }
    return all_workers().alias(name_, placeholder_);
  }

  /// From now on the link has it: what it hears and sends is its own business.
  result<void> install(const address& link) {
    auto* own = board().find(link);
    if (!own)
      return error{errc::closed, "the link ended at once", {}};
    own->internal = true; // listed under the name
    return all_workers().alias(name_, link);
  }

  // -- what happens ----------------------------------------------------------------------------------

  void up(const link_info& l) {
    if (auto ok = install(address{l.link_address}); !ok) {
      (void)transport_.close_link(l.link_address);
      return failed(ok.error());
    }
    link_ = address{l.link_address};
    if (std::exchange(ever_up_, true))
      ++reconnects_;
    enter(state::up);
    log(level::info, "connector", title() + " is up");
    reactor().cancel(std::exchange(hold_timer_, 0));
    while (!held_.empty() && state_ == state::up) { // a write that fails ends the link in here
      board().hand_over(pop_held());
    }
    if (auto done = std::exchange(first_, nullptr))
      done(info(&l));
    if (watcher_.up && state_ == state::up)
      watcher_.up();
  }

  void lost(const link_info& last, const std::string& why) {
    past_ += last;
    if (ended_)
      return;
    last_error_ = why.empty() ? "closed" : why;
    bool was_good = reactor().now() - since_ >= steady;
    if (was_good)
      backoff_.reset();
    if (auto ok = hold_place(); !ok)
      log(level::error, "connector", title() + ": " + ok.error().cause);
    wait(was_good ? std::chrono::milliseconds{0} : backoff_.next(), level::warn);
  }

  void failed(const error& e) {
    if (auto done = std::exchange(first_, nullptr)) {
      owner_.erase(*this);
      return done(e);
    }
    // The first of a row of equal failures is news.
    auto how = std::exchange(last_error_, e.cause) == e.cause ? level::debug : level::warn;
    wait(backoff_.next(), how);
  }

  void wait(std::chrono::milliseconds delay, level how) {
    enter(state::waiting);
    next_try_ = since_ + delay;
    if (log_enabled(how))
      log(how, "connector", title() + " is down: " + last_error_ + "; next try in " + to_string(delay));
    retry_timer_ = reactor().after(delay, [this] {
      retry_timer_ = 0;
      attempt(owner_.context_.limits.connect_timeout);
    });
    if (watcher_.down)
      watcher_.down(last_error_);
  }

  // -- messages meanwhile ----------------------------------------------------------------------------

  void undeliverable(message_ptr m, std::string_view more) {
    past_.dropped.add(drop_reason::link_down);
    // To whom, and why there is none, is nothing for strangers.
    auto detail = "there is no link" + (m->is_imported() ? std::string{} : " to " + remote_) + std::string{more};
    if (!m->is_imported() && !last_error_.empty())
      detail += ": " + last_error_;
    board().drop(std::move(m), drop_reason::link_down, detail);
  }

  message_ptr pop_held() {
    auto h = std::move(held_.front());
    held_.pop_front();
    held_bytes_ -= h.size;
    h.what->held.leave();
    return std::move(h.what);
  }

  void watch_held() {
    auto left = held_.front().until - reactor().now();
    hold_timer_ = reactor().after(std::chrono::ceil<std::chrono::milliseconds>(left), [this] {
      hold_timer_ = 0;
      while (!held_.empty() && held_.front().until <= reactor().now())
        undeliverable(pop_held(), ", after " + to_string(config_.hold_time));
      if (!held_.empty())
        watch_held();
    });
  }

  connector& owner_;
  connection_config config_;
  transport& transport_;
  watcher watcher_;
  address name_;
  address link_; ///< its latest
  address placeholder_ = random_address();
  std::string remote_;
  backoff backoff_;
  std::uint32_t flow_;
  created first_;            ///< the prompt waits for the first attempt
  state state_ = state::connecting;
  bool ever_up_ = false;
  bool ended_ = false;
  net::reactor::clock::time_point since_{};
  net::reactor::clock::time_point next_try_{};
  timer_queue::id retry_timer_ = 0;
  timer_queue::id hold_timer_ = 0;
  std::deque<held> held_;
  std::size_t held_bytes_ = 0;
  hold_table holds_;
  std::string last_error_;
  traffic past_;             ///< of the links that were, and what was dropped without one
  std::uint64_t attempts_ = 0;
  std::uint64_t reconnects_ = 0;
};

void connector::placeholder::on_message(message_ptr m) {
  connection_.take(std::move(m));
}

// -- connector ---------------------------------------------------------------------------------------

connector::connector(const node_context& context, std::uint32_t seed) : context_{context}, next_seed_{seed} {}

connector::~connector() = default;

connector::connection& connector::insert(const connection_config& c, transport& t, watcher w) {
  connections_.push_back(std::make_shared<connection>(*this, c, t, std::move(w), next_seed_++));
  return *connections_.back();
}

void connector::erase(connection& c) {
  c.end();
  connections_.remove_if([&](auto& p) { return p.get() == &c; });
}

result<void> connector::add(const connection_config& c, transport& t, watcher w) {
  if (stopped_)
    return error{errc::closed, "the node is stopping", {}};
  auto& fresh = insert(c, t, std::move(w));
  if (auto ok = fresh.begin(); !ok) {
    erase(fresh);
    return ok;
  }
  fresh.attempt(context_.limits.connect_timeout);
  return {};
}

void connector::create(const connection_config& c, transport& t, std::chrono::milliseconds timeout, created done) {
  insert(c, t).attempt(timeout, std::move(done));
}

result<void> connector::remove(const transport& t, std::string_view which) {
  auto it = std::find_if(connections_.begin(), connections_.end(), [&](auto& c) { return c->of(t) && c->is(which); });
  if (it == connections_.end())
    return error{errc::not_found, "there is no " + std::string{t.name()} + " connection " + printable(which),
                 "see them with: ockam " + std::string{t.name()} + "-connection list"};
  (*it)->end();
  connections_.erase(it);
  return {};
}

std::vector<link_info> connector::lasting_links(const transport& t) const {
  std::vector<link_info> out;
  for (const auto& c : connections_)
    if (c->of(t)) {
      auto now = t.find_link(c->link());
      out.push_back(c->info(now ? &*now : nullptr));
    }
  return out;
}

std::vector<link_info> connector::links(const transport& t) const {
  auto all = t.links();
  for (const auto& c : connections_) {
    if (!c->of(t))
      continue;
    auto it = std::find_if(all.begin(), all.end(), [&](auto& l) { return l.worker_address == c->name().name; });
    if (it != all.end())
      *it = c->info(&*it);
    else
      all.push_back(c->info(nullptr));
  }
  return all;
}

const address* connector::find(address_view peer) const {
  auto it = std::find_if(connections_.begin(), connections_.end(), [&](auto& c) { return !c->has_watcher() && c->leads_to(peer); });
  return it == connections_.end() ? nullptr : &(*it)->name();
}

std::string connector::peer_of(address_view name) const {
  auto it = std::find_if(connections_.begin(), connections_.end(), [&](auto& c) { return c->name() == name; });
  return it == connections_.end() ? std::string{} : (*it)->remote();
}

void connector::stop() {
  stopped_ = true;
  for (auto& c : connections_)
    c->end();
  connections_.clear();
}

} // namespace ockam
