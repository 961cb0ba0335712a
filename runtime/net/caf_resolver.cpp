// SPDX-License-Identifier: Apache-2.0
// Look-ups of `caf_reactor`.
#include "runtime/net/caf_reactor.hpp"

#include "runtime/net/datagram_sockets.hpp"
#include "runtime/net/sockets.hpp"

#include <thread>

namespace ockam {

namespace {

/// A look-up under way. `getaddrinfo` blocks for as long as name servers like: a thread of its own, which
/// nobody waits for. Not an actor: an actor system waits for all of its actors at the end, and a node must
/// stop within two seconds.
class lookup final : public net::connecting {
 public:
  lookup(caf_reactor& r, endpoint host, std::chrono::milliseconds timeout, net::reactor::resolved done)
    : reactor_{r}, done_{std::move(done)} {
    deadline_ = reactor_.after(timeout, [this, name = host.host, timeout] {
      finish(error{errc::timed_out, "no address for " + name + " within " + std::to_string(timeout.count()) + " ms",
                   "does the name server answer?"});
    });
    bool literal = is_ip_literal(host.host);
    auto run = [gate = reactor_.entrance(), host = std::move(host), literal, alive = alive_, this] {
      auto found = std::make_shared<result<std::vector<socket_address>>>(ockam::resolve(host, literal));
      std::lock_guard guard{gate->lock};
      if (gate->open)
        gate->open->post([this, alive, found] {
          if (*alive)
            resolved(std::move(*found));
        });
    };
    if (literal)
      run(); // does not block; the answer comes later all the same
    else
      std::thread{std::move(run)}.detach();
  }

  ~lookup() override {
    *alive_ = false;
    reactor_.cancel(deadline_);
  }

 private:
  void resolved(result<std::vector<socket_address>> found) {
    if (!found)
      return finish(std::move(found).error());
    std::vector<ip_endpoint> out;
    for (const auto& a : *found)
      if (auto e = endpoint_of(a.raw()))
        out.push_back(*e);
    if (out.empty())
      return finish(error{errc::unreachable, "the name has no IP address", "check the name, or use an IP address"});
    finish(std::move(out));
  }

  void finish(result<std::vector<ip_endpoint>> outcome) {
    reactor_.cancel(deadline_);
    *alive_ = false;
    if (auto done = std::exchange(done_, nullptr))
      done(std::move(outcome)); // may destroy this
  }

  caf_reactor& reactor_;
  net::reactor::resolved done_;
  timer_queue::id deadline_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true); // touched on the socket thread only
};

} // namespace

net::connecting_ptr caf_reactor::resolve(const endpoint& host, std::chrono::milliseconds timeout, resolved done) {
  return std::make_unique<lookup>(*this, host, timeout, std::move(done));
}

} // namespace ockam
