// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/actor_workers.hpp"

#include "runtime/core/log.hpp"
#include "runtime/workers/actor_children.hpp"
#include "runtime/workers/actor_service.hpp"
#include "runtime/workers/headers_hash.hpp"
#include "runtime/workers/own_turn.hpp"
#include "runtime/workers/pool_host.hpp"
#include "runtime/workers/pool_mailbox.hpp"
#include "runtime/workers/socket_host.hpp"

#include <caf/config.hpp>
#include <caf/io/middleman.hpp>
#include <caf/send.hpp>

#include <algorithm>

namespace ockam {

static_assert(CAF_VERSION == OCKAM_CAF, "plugins are told which CAF the build has found");

std::string_view to_string(restart_policy p) noexcept {
  constexpr std::array<std::string_view, 3> names{"never", "on-failure", "always"};
  return names[static_cast<std::size_t>(p)];
}

result<void> workers::start(address a, std::unique_ptr<worker> w, worker_options o) {
  // A factory is copied; this one has one worker to give.
  auto once = std::make_shared<std::unique_ptr<worker>>(std::move(w));
  auto outcome = std::make_shared<result<void>>();
  start(std::move(a), [once] { return result<std::unique_ptr<worker>>{std::move(*once)}; }, std::move(o),
        [outcome](result<void> r) { *outcome = std::move(r); });
  return std::move(*outcome);
}

namespace {

/// A node calls none of this itself; its plugins do, and link nothing.
[[gnu::used]] constexpr auto kept_for_plugins = &make_actor_worker;
[[gnu::used]] typed_format kept_for_typed_plugins(std::vector<typed_signature> all) {
  return typed_format{std::move(all)};
}
[[gnu::used]] constexpr auto kept_too = &actors::note_child;

const error stopped{errc::closed, "it was stopped", {}};

error not_started(const address& a, error why) {
  why.cause = "the worker at " + to_string(a) + " did not start: " + why.cause;
  return why;
}

} // namespace

actor_workers::actor_workers(caf::actor_system& sys, switchboard& board, net::reactor& reactor, memory& all, const limits& limit)
  : sys_{sys}, board_{board}, reactor_{reactor}, memory_{all}, limits_{limit},
    requests_{board, reactor, [this](host_id from, std::uint64_t number, message_ptr reply, errc why) {
                request_done(from, number, std::move(reply), why);
              }},
    actors_{actors::children::open(sys)} {
  own_turn::open(sys);
}

actor_workers::~actor_workers() = default;

const address& actor_workers::record::self() const noexcept {
  return host ? static_cast<const worker_host&>(*host).self() : pool->self();
}

// -- start -------------------------------------------------------------------------------------------

void actor_workers::start(address a, worker_factory make, worker_options o, started done) {
  if (auto* taken = board_.find(a))
    return done(error{errc::already_exists,
                      "address " + to_string(a) + " is taken by a worker of type " + std::string{taken->type}, {}});
  if (o.thread == worker_thread::pool)
    start_on_pool(std::move(a), std::move(make), std::move(o), place::now, std::move(done));
  else
    start_on_socket_thread(std::move(a), std::move(make), std::move(o), place::now, std::move(done));
}

namespace {

class prepared_worker final : public successor {
 public:
  prepared_worker(actor_workers& owner, std::uint64_t number) : owner_{owner}, number_{number} {}
  ~prepared_worker() override {
    if (!used_)
      owner_.stop(number_, stopped);
  }
  result<void> take_over() override {
    used_ = true;
    return owner_.take_over(number_);
  }

 private:
  actor_workers& owner_;
  std::uint64_t number_;
  bool used_ = false;
};

} // namespace

void actor_workers::prepare(address a, worker_factory make, worker_options o, prepared done) {
  auto number = last_number_ + 1; // it may have started before it is known otherwise
  auto told = [this, number, done = std::move(done)](result<void> ok) {
    if (ok)
      done(std::unique_ptr<successor>{std::make_unique<prepared_worker>(*this, number)});
    else
      done(std::move(ok).error());
  };
  if (o.thread == worker_thread::pool)
    start_on_pool(std::move(a), std::move(make), std::move(o), place::later, std::move(told));
  else
    start_on_socket_thread(std::move(a), std::move(make), std::move(o), place::later, std::move(told));
}

result<void> actor_workers::take_over(std::uint64_t number) {
  auto it = records_.find(number);
  if (it == records_.end() || !it->second.to_be)
    return error{errc::closed, "it has ended meanwhile", {}};
  auto self = it->second.self();
  if (auto* before = board_.find(self))
    stop(before->host, {errc::closed, "another one has its address now", {}}); // which moves no other record
  it = records_.find(number);
  if (auto ok = board_.add(self, *it->second.to_be); !ok) {
    stop(number, stopped);
    return ok;
  }
  it->second.to_be.reset();
  if (auto later = for_later_.extract(number)) // the names are free now
    for (auto& e : later.mapped())
      take(e);
  return {};
}

result<std::unique_ptr<worker_entry>> actor_workers::enter(std::uint64_t number, const address& a, receiver& target, worker_options& o,
                                                           place where) {
  worker_entry e;
  e.target = &target;
  e.host = number;
  e.type = o.type;
  e.on_pool = o.thread == worker_thread::pool;
  e.internal = o.internal;
  e.producer = o.producer;
  e.consumer_of = std::move(o.consumer_of);
  e.access = o.access;
  if (where == place::later)
    return std::make_unique<worker_entry>(std::move(e));
  if (auto ok = board_.add(a, std::move(e)); !ok)
    return std::move(ok).error();
  return std::unique_ptr<worker_entry>{};
}

std::shared_ptr<account> actor_workers::account_for(const worker_options& o) const {
  if (o.shares)
    return o.shares;
  return o.budget > 0 ? std::make_shared<account>(memory_, o.budget) : nullptr;
}

void actor_workers::start_on_socket_thread(address a, worker_factory make, worker_options o, place where, started done) {
  auto number = ++last_number_;
  auto budget = account_for(o);
  caf::actor_config cfg{&sys_.middleman().backend()};
  socket_host::origin from{std::make_shared<const worker_factory>(std::move(make)), o.restart, o.access, budget, board_.spans()};
  auto actor = sys_.spawn_class<socket_host, caf::no_spawn_options>(cfg, *this, host_id{number, 0}, a, std::move(from));
  auto* host = static_cast<socket_host*>(caf::actor_cast<caf::abstract_actor*>(actor));
  auto to_be = enter(number, a, *host, o, where);
  if (!to_be) {
    caf::anon_send_exit(actor, caf::exit_reason::user_shutdown);
    return done(std::move(to_be).error());
  }
  record r;
  r.restart = o.restart;
  r.budget = std::move(budget);
  r.passes = std::move(o.passes);
  r.light = actor;
  r.host = host;
  r.to_be = std::move(*to_be);
  records_.emplace(number, std::move(r));
  auto ok = host->begin();
  if (ok)
    return done({});
  stop(number, ok.error());
  done(not_started(a, std::move(ok).error()));
}

void actor_workers::start_on_pool(address a, worker_factory make, worker_options o, place where, started done) {
  auto number = ++last_number_;
  auto box = std::make_unique<pool_mailbox>(board_, reactor_, limits_.stall, a, o.distribution, lost_);
  auto to_be = enter(number, a, *box, o, where);
  if (!to_be)
    return done(std::move(to_be).error());
  auto shared = std::make_shared<const worker_factory>(std::move(make));
  auto budget = account_for(o);
  for (std::uint32_t i = 0; i < std::max(1u, o.instances); ++i) {
    caf::actor_config cfg{pool_};
    auto actor = sys_.spawn_class<pool_host, caf::no_spawn_options>(
      cfg, pool_host_parts{router_, {number, i}, a, board_.node_name(), budget_, dog_.get(), shared, o.restart, o.access, budget,
                           lost_, pool_, board_.spans()});
    auto* host = static_cast<pool_host*>(caf::actor_cast<caf::abstract_actor*>(actor));
    box->add(actor, host->shared_stats());
  }
  record r;
  r.restart = o.restart;
  r.budget = std::move(budget);
  r.pool = std::move(box);
  r.to_be = std::move(*to_be);
  r.not_yet.reset(new starting{std::move(done)});
  r.not_yet->deadline = reactor_.after(start_timeout, [this, number] {
    start_failed(number, {errc::timed_out, "it has not returned from its constructor or on_start for 10 s", {}});
  });
  records_.emplace(number, std::move(r)).first->second.pool->start();
}

void actor_workers::start_failed(std::uint64_t service, error why) {
  auto it = records_.find(service);
  if (it == records_.end())
    return;
  auto not_yet = std::move(it->second.not_yet);
  auto e = not_started(it->second.self(), std::move(why));
  remove(it, e);
  if (not_yet) {
    reactor_.cancel(not_yet->deadline);
    not_yet->done(std::move(e));
  }
}

void actor_workers::take(const host_event& n) {
  auto it = records_.find(n.who.service);
  if (it == records_.end())
    return;
  auto& r = it->second;
  if (n.what == host_event::kind::started) {
    if (!r.pool->started())
      return;
    if (auto not_yet = std::move(r.not_yet)) {
      reactor_.cancel(not_yet->deadline);
      not_yet->done({});
    }
  } else if (n.what == host_event::kind::starts_again) {
    starts_again(n.who.service, n.why);
  } else if (r.not_yet) {
    start_failed(n.who.service, n.why.code != errc::ok ? n.why : error{errc::service_failed, "it ended itself", {}});
  } else if (r.pool->ended(n.who.instance)) {
    remove(it, n.why);
  }
}

void actor_workers::starts_again(std::uint64_t number, const error& why) {
  auto it = records_.find(number);
  if (it == records_.end() || it->second.to_be || (it->second.pool && it->second.pool->size() > 1))
    return;
  const auto& r = it->second;
  board_.succeeded(r.self(), why);
  if (r.aliases)
    for (const auto& name : *r.aliases)
      board_.succeeded(name, why);
}

// -- stop --------------------------------------------------------------------------------------------

/// The address is free at once; the hosts end on their own threads.
void actor_workers::remove(records::iterator it, const error& why) {
  auto number = it->first;
  for_later_.erase(number);
  auto r = std::move(it->second);
  records_.erase(it);
  leave_table(r, why);
  end(r);
  end_children(family_.remove(number));
}

void actor_workers::leave_table(const record& r, const error& why) {
  if (r.to_be) // the address is another one's
    return;
  board_.remove(r.self(), why);
  if (r.aliases)
    for (const auto& name : *r.aliases)
      board_.remove(name, why);
}

void actor_workers::end(record& r) {
  if (r.not_yet)
    reactor_.cancel(r.not_yet->deadline);
  if (r.pool)
    r.pool->stop();
  else
    caf::anon_send_exit(r.light, caf::exit_reason::user_shutdown);
}

result<void> actor_workers::stop(address_view a) {
  auto* entry = board_.find(a);
  auto it = entry ? records_.find(entry->host) : records_.end();
  if (it == records_.end())
    return error{errc::not_found, "no worker at " + to_string(a), {}};
  stop(it->first, stopped);
  return {};
}

void actor_workers::stop(std::uint64_t number, const error& why) {
  auto it = records_.find(number);
  if (it == records_.end())
    return;
  if (it->second.not_yet)
    start_failed(number, {errc::closed, "it was stopped meanwhile", {}});
  else
    remove(it, why);
}

void actor_workers::stop_all() {
  for (auto& [number, r] : records_) {
    leave_table(r, stopped);
    end(r);
  }
  records_.clear();
  family_.clear();
  for_later_.clear();
  requests_.clear();
  router_ = nullptr;
}

// -- aliases -----------------------------------------------------------------------------------------

result<void> actor_workers::alias(const address& name, address_view of, std::vector<std::uint32_t> consumer_of) {
  auto* entry = board_.find(of);
  auto owner = entry ? records_.find(entry->host) : records_.end();
  if (owner == records_.end())
    return error{errc::not_found, "no worker at " + to_string(of), {}};
  auto moved = *entry;
  moved.alias = true;
  moved.internal = false;
  moved.watched = false;
  moved.consumer_of = std::move(consumer_of);
  moved.messages_in = 0;
  if (auto* before = board_.find(name); before && before->alias) {
    moved.consumer_of = before->consumer_of;
    moved.messages_in = before->messages_in;
    remove_alias(name);
  }
  if (auto ok = board_.add(name, std::move(moved)); !ok)
    return ok;
  auto& names = owner->second.aliases;
  if (!names)
    names = std::make_unique<std::vector<address>>();
  names->push_back(name);
  return {};
}

bool actor_workers::remove_alias(address_view name) {
  auto* entry = board_.find(name);
  if (!entry || !entry->alias)
    return false;
  if (auto owner = records_.find(entry->host); owner != records_.end() && owner->second.aliases)
    std::erase_if(*owner->second.aliases, [&](const address& a) { return static_cast<address_view>(a) == name; });
  return board_.remove(name);
}

// -- observation and replies -------------------------------------------------------------------------

namespace {

void add(worker_info& out, std::vector<std::uint64_t>& latencies, const worker_stats& s, worker_stats::clock::time_point now) {
  auto get = [](auto& n) { return n.load(std::memory_order_relaxed); };
  out.messages_out += get(s.messages_out);
  out.failed += get(s.failed);
  out.queued += static_cast<std::uint64_t>(std::max<std::int64_t>(0, get(s.queued)));
  out.restarts += get(s.restarts);
  out.overruns += get(s.overruns);
  if (auto since = get(s.busy_since)) {
    auto age = now.time_since_epoch() - worker_stats::clock::duration{since};
    out.busy = std::max(out.busy, std::chrono::duration_cast<std::chrono::milliseconds>(age));
  }
  if (const auto* h = s.latency())
    h->merge_into(latencies);
  if (const auto* c = s.counters())
    for (auto& [name, value] : c->values())
      out.counters[name] += value;
}

} // namespace

result<worker_info> actor_workers::show(address_view a) const {
  auto* entry = board_.find(a);
  auto it = entry ? records_.find(entry->host) : records_.end();
  if (it == records_.end())
    return error{errc::not_found, "no worker at " + to_string(a), {}};
  const auto& r = it->second;
  worker_info out;
  out.address = r.self().name;
  out.type = entry->type;
  out.thread = entry->on_pool ? worker_thread::pool : worker_thread::socket;
  out.restart = r.restart;
  out.starting = r.not_yet != nullptr;
  out.messages_in = entry->messages_in;
  out.memory = memory_of(*entry);
  out.kin = kin_of(*entry);
  std::vector<std::uint64_t> latencies;
  auto now = worker_stats::clock::now();
  if (r.host)
    add(out, latencies, r.host->stats(), now);
  else
    for (std::size_t i = 0; i < r.pool->size(); ++i)
      add(out, latencies, r.pool->stats(i), now);
  out.instances = static_cast<std::uint32_t>(r.host ? 1 : r.pool->alive());
  for (auto n : latencies)
    out.measured += n;
  out.p50 = latency_histogram::percentile(latencies, 0.5);
  out.p90 = latency_histogram::percentile(latencies, 0.9);
  out.p99 = latency_histogram::percentile(latencies, 0.99);
  out.longest = latency_histogram::percentile(latencies, 1.0);
  out.durations = std::move(latencies);
  return out;
}

worker_memory actor_workers::memory_of(const worker_entry& e) const {
  auto it = records_.find(e.host);
  if (it == records_.end())
    return {};
  if (const auto* passes = it->second.passes.get())
    return {passes->used(), passes->limit()};
  const auto* budget = it->second.budget.get();
  return budget ? worker_memory{budget->used(), budget->limit()} : worker_memory{};
}

std::vector<overdue_worker> actor_workers::overdue() const {
  std::vector<overdue_worker> out;
  if (!dog_)
    return out;
  auto now = watchdog::clock::now();
  for (auto& f : dog_->overdue())
    out.push_back({std::move(f.worker), f.on_pool ? worker_thread::pool : worker_thread::socket,
                   std::chrono::duration_cast<std::chrono::milliseconds>(now - f.since)});
  return out;
}

void actor_workers::request_done(host_id from, std::uint64_t number, message_ptr reply, errc why) {
  auto it = records_.find(from.service);
  if (it == records_.end())
    return;
  if (it->second.host)
    it->second.host->outcome_of(number, std::move(reply), why);
  else
    it->second.pool->outcome(from.instance, {std::move(reply), number, why});
}

// -- router ------------------------------------------------------------------------------------------

namespace {

class router final : public caf::io::broker {
 public:
  router(caf::actor_config& cfg, switchboard& board, actor_workers& workers, std::function<void()> end_turn)
    : caf::io::broker{cfg}, board_{board}, workers_{workers}, end_turn_{std::move(end_turn)} {}

  const char* name() const override { return "router"; }

  caf::behavior make_behavior() override {
    return {
      [this](const parcel_out& parcel) {
        for (auto& [m, how] : parcel->messages) {
          if (!how && parcel->access)
            board_.deliver(std::move(m), *parcel->access);
          else if (!how)
            board_.deliver(std::move(m));
          else if (how->why != drop_reason::none)
            board_.drop(std::move(m), how->why, how->detail);
          else
            workers_.requests().open(std::move(m), parcel->from, how->request, how->timeout, parcel->access.get());
        }
        end_turn_();
      },
      [this](const host_event& n) {
        workers_.take(n);
        end_turn_();
      },
      [this](const family_request& e) {
        workers_.take(*e);
        end_turn_();
      },
    };
  }

 private:
  switchboard& board_;
  actor_workers& workers_;
  std::function<void()> end_turn_;
};

} // namespace

router_actor spawn_router(caf::actor_system& sys, switchboard& board, actor_workers& workers,
                          std::function<void()> end_turn) {
  caf::actor_config cfg{&sys.middleman().backend()};
  return sys.spawn_class<router, caf::no_spawn_options>(cfg, board, workers, std::move(end_turn));
}

} // namespace ockam
