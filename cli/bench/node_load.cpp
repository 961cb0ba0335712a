// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/node_load.hpp"

#include "channels/channels.hpp"
#include "cli/bench/channel_load.hpp"
#include "runtime/node/node.hpp"
#include "services/services.hpp"
#include "transports/transports.hpp"

#include <csignal>
#include <cstdlib>
#include <future>

namespace ockam::bench {

namespace {

using clock = std::chrono::steady_clock;

/// The name of the link to the other node, and of the worker that sends.
constexpr const char* link_name = "link";
constexpr const char* sender_name = "sender";
constexpr const char* channel_name = "channel";

/// What the sender works on.
struct job {
  node_load_options options;
  std::promise<double> per_second;
};

/// Asks until there is a first reply (a link may still be connecting), then keeps its messages under way.
class sender final : public worker {
 public:
  explicit sender(job& j) : job_{j} {}

  void on_start() override {
    if (!job_.options.channel.empty())
      onward_.emplace_back(channel_name);
    else if (!job_.options.via.empty())
      onward_.emplace_back(link_name);
    for (const auto& hop : job_.options.route)
      onward_.emplace_back(hop);
    ask();
  }

  void on_timer(std::uint64_t) override {
    if (!started_)
      ask();
  }

  void on_message(message_ptr m) override {
    const auto& o = job_.options;
    if (m->body.size() != o.bytes) // the answer to a question
      return started_ ? void() : start();
    auto now = clock::now();
    if (now >= count_from_ && begin_ == clock::time_point{})
      begin_ = now;
    else if (begin_ != clock::time_point{})
      ++replies_;
    if (now >= end_) {
      if (!std::exchange(done_, true))
        job_.per_second.set_value(static_cast<double>(replies_) / std::chrono::duration<double>(now - begin_).count());
      return;
    }
    send(onward_, payload{body_});
  }

 private:
  void ask() {
    send(onward_, payload{});
    set_timer(std::chrono::milliseconds{20});
  }

  void start() {
    started_ = true;
    const auto& o = job_.options;
    auto in = [](double s) { return std::chrono::duration_cast<clock::duration>(std::chrono::duration<double>(s)); };
    body_.resize(o.bytes);
    count_from_ = clock::now() + in(o.warmup);
    end_ = count_from_ + in(o.seconds);
    for (std::size_t i = 0; i < o.in_flight; ++i)
      send(onward_, payload{body_});
  }

  job& job_;
  route onward_;
  std::vector<std::byte> body_;
  clock::time_point count_from_, end_, begin_;
  std::uint64_t replies_ = 0;
  bool started_ = false, done_ = false;
};

} // namespace

node_load_result run_node_load(const node_load_options& o) {
  job j;
  j.options = o;
  std::vector<service_type> services{standard_services().begin(), standard_services().end()};
  service_type sending;
  sending.name = sender_name;
  sending.thread = o.on_pool ? worker_thread::pool : worker_thread::socket;
  sending.through_connections = true;
  sending.make = [&j](const service_options&) { return result<std::unique_ptr<worker>>{std::make_unique<sender>(j)}; };
  services.push_back(std::move(sending));
  node_config c;
  c.name = "bench";
  c.services.push_back({sender_name, sender_name, {}});
  if (!o.via.empty()) {
    auto colon = o.via.find(':');
    connection_config to;
    to.name = link_name;
    to.transport = o.via.substr(0, colon);
    to.address = colon == std::string::npos ? std::string{} : o.via.substr(colon + 1);
    to.options = o.keys;
    c.connections.push_back(std::move(to));
  }
  if (!o.channel.empty()) {
    auto at = c.connections.back().address;
    c.connections.clear();
    auto colon = at.rfind(':');
    auto route = "/ip4/" + at.substr(0, colon) + "/tcp/" + at.substr(std::min(at.size(), colon + 1)) + "/service/" + o.channel;
    c.items.push_back({"secure-channel", channel_name, {{"to", std::move(route)}, {"allow", sender_name}}});
  }
  node_load_result r;
  std::signal(SIGPIPE, SIG_IGN);
  channels::parts secure{o.channel.empty() ? nullptr : somebody()};
  auto facilities = secure.facilities();
  auto started = node::start(c, {all_transports(), services, nullptr, facilities, secure.routes()});
  if (!started) {
    r.error = started.error().cause;
    return r;
  }
  auto rate = j.per_second.get_future();
  if (rate.wait_for(std::chrono::duration<double>(o.warmup + o.seconds + 10)) == std::future_status::ready)
    r.per_second = rate.get();
  else
    r.error = "replies did not come, or stopped";
  (*started)->stop(std::chrono::seconds{5}, [] { std::_Exit(1); });
  return r;
}

} // namespace ockam::bench
