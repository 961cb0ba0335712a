// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/channel_load.hpp"

#include "channels/channels.hpp"
#include "identity/memory_vault.hpp"
#include "runtime/node/node.hpp"
#include "services/services.hpp"
#include "transports/transports.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fstream>
#include <future>
#include <unistd.h>
#include <vector>

namespace ockam::bench {

namespace {

using clock = std::chrono::steady_clock;
constexpr const char* kind = "secure-channel";
constexpr std::chrono::seconds patience{20};

double resident_kib() {
  std::ifstream in{"/proc/self/statm"};
  double whole = 0, resident = 0;
  in >> whole >> resident;
  return resident * static_cast<double>(::sysconf(_SC_PAGESIZE)) / 1024;
}

/// What the worker that begins them works on.
struct job {
  channel_load_options options;
  facility* channels = nullptr; ///< of the node, while it runs
  std::promise<channel_load_result> found;
};

/// Begins channels, so many at one time, each as soon as there is room.
class maker final : public worker {
 public:
  explicit maker(job& j) : job_{j} {}

  void on_start() override { set_timer(std::chrono::milliseconds{200}); } // the link is up by then
  void on_timer(std::uint64_t) override {
    resident_before_ = resident_kib();
    began_ = clock::now();
    begin_more();
  }
  void on_message(message_ptr) override {}

 private:
  void begin_more() {
    while (under_way_ < job_.options.at_once && begun_ < job_.options.count) {
      ++begun_;
      ++under_way_;
      auto name = "c" + std::to_string(begun_);
      auto& o = job_.options;
      auto colon = o.to.rfind(':');
      auto route = "/ip4/" + o.to.substr(0, colon) + "/tcp/" + o.to.substr(colon + 1) + "/service/" + o.listener;
      auto at = clock::now();
      if (!job_.channels->begin({kind, name, {{"to", route}}}))
        return finish("a channel could not be begun");
      job_.channels->when_settled(name, patience, [this, name, at] { settled(name, at); });
    }
  }

  void settled(const std::string& name, clock::time_point began) {
    took_.push_back(std::chrono::duration<double, std::milli>(clock::now() - began).count());
    --under_way_;
    if (!job_.options.keep && took_.size() > 1) // the first one keeps the link
      (void)job_.channels->end(name);
    if (took_.size() == job_.options.count)
      return finish({});
    // Not from within what the channel calls: it is not done with its own step.
    (void)my_postbox().post([this] { begin_more(); });
  }

  void finish(std::string why) {
    if (std::exchange(done_, true))
      return;
    channel_load_result r;
    r.error = std::move(why);
    r.seconds = std::chrono::duration<double>(clock::now() - began_).count();
    r.own_kib_each = (resident_kib() - resident_before_) / static_cast<double>(job_.options.count);
    r.up = took_.size();
    if (job_.options.keep) {
      r.up = 0;
      for (const auto& c : job_.channels->list())
        for (const auto& [key, value] : c.fields)
          r.up += key == "openings" && value == "1"; // at the first try
    }
    std::sort(took_.begin(), took_.end());
    if (!took_.empty()) {
      r.p50_ms = took_[took_.size() / 2];
      r.p99_ms = took_[took_.size() * 99 / 100];
    }
    job_.found.set_value(std::move(r));
  }

  job& job_;
  std::vector<double> took_;
  clock::time_point began_;
  double resident_before_ = 0;
  std::size_t begun_ = 0, under_way_ = 0;
  bool done_ = false;
};

} // namespace

channels::identity_ptr somebody() {
  auto now = static_cast<identities::timestamp>(
    std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count());
  auto keys = std::make_unique<identities::memory_vault>();
  auto who = identities::create_identity(*keys, identities::key_type::ed25519, now);
  if (!who)
    return nullptr;
  auto out = channels::node_identity::of(std::move(keys), *std::move(who), now);
  return out ? *std::move(out) : nullptr;
}

channel_load_result run_channel_load(const channel_load_options& o, void (*found)(const channel_load_result&)) {
  job j;
  j.options = o;
  channels::parts secure{somebody()};
  auto facilities = secure.facilities();
  auto make = facilities.back();
  facilities.back() = [&j, make](const facility_context& c) {
    auto made = make(c);
    j.channels = made.get();
    return made;
  };
  std::vector<service_type> services{standard_services().begin(), standard_services().end()};
  service_type making;
  making.name = "maker";
  making.thread = worker_thread::socket;
  making.make = [&j](const service_options&) { return result<std::unique_ptr<worker>>{std::make_unique<maker>(j)}; };
  services.push_back(std::move(making));
  node_config c;
  c.name = "bench";
  c.services.push_back({"maker", "maker", {}});
  std::signal(SIGPIPE, SIG_IGN);
  channel_load_result r;
  auto started = node::start(c, {all_transports(), services, nullptr, facilities, secure.routes()});
  if (!started) {
    r.error = started.error().cause;
    return r;
  }
  auto outcome = j.found.get_future();
  if (outcome.wait_for(std::chrono::seconds{120}) == std::future_status::ready)
    r = outcome.get();
  else
    r.error = "the channels did not come about in 120 s";
  found(r);
  for (char byte = 0; o.keep && r.error.empty() && ::read(STDIN_FILENO, &byte, 1) > 0;) {
  }
  (*started)->stop(std::chrono::seconds{5}, [] { std::_Exit(1); });
  return r;
}

} // namespace ockam::bench
