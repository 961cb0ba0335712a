// SPDX-License-Identifier: Apache-2.0
#include "sim/support/datagrams.hpp"

#include "sim/support/network.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <stdexcept>

namespace ockam::sim {

using status = net::io_result::status;

namespace {

ip_endpoint parsed(const std::string& text) {
  auto e = parse_ip_endpoint(text);
  if (!e)
    throw std::logic_error{text + " is no address"};
  return *e;
}

} // namespace

// -- space -------------------------------------------------------------------------------------------

datagram_queue_ptr datagram_space::open(ip_endpoint at) {
  if (at.port == 0)
    at.port = next_port_++;
  auto q = std::make_shared<datagram_queue>();
  q->local = at;
  return queues_.emplace(to_string(at), q).second ? q : nullptr;
}

datagram_queue_ptr datagram_space::find(const std::string& at) const {
  auto it = queues_.find(at);
  return it == queues_.end() ? nullptr : it->second;
}

bool datagram_space::deliver(const ip_endpoint& from, const ip_endpoint& to, std::string bytes) {
  auto q = find(to_string(to));
  std::optional<ip_endpoint> asked;
  if (constexpr std::uint8_t loopback = 127; !q && !to.v6 && to.ip[0] == loopback) { // as in `reactor::is_local`
    asked = to;
    asked->port = 0;
    q = find("0.0.0.0:" + std::to_string(to.port));
  }
  if (!q)
    return false;
  if (q->arrived.size() < q->room)
    q->arrived.push_back({from, std::move(bytes), asked});
  return true;
}

// -- the test's --------------------------------------------------------------------------------------

port::port(datagram_space& space, const std::string& at) : space_{space}, queue_{space.open(parsed(at))} {
  if (!queue_)
    throw std::logic_error{at + " is taken"};
}

void port::send(const std::string& to, std::string_view bytes, const std::string& from) {
  space_.deliver(from.empty() ? queue_->local : parsed(from), parsed(to), std::string{bytes});
}

std::vector<datagram> port::receive() {
  std::vector<datagram> all{queue_->arrived.begin(), queue_->arrived.end()};
  queue_->arrived.clear();
  return all;
}

// -- a node's ----------------------------------------------------------------------------------------

node_datagrams::node_datagrams(reactor& r, datagram_queue_ptr queue, std::optional<ip_endpoint> peer)
  : reactor_{r}, queue_{std::move(queue)}, peer_{peer} {
  reactor_.datagrams_.push_back(this);
}

node_datagrams::~node_datagrams() {
  reactor_.net_.datagrams().close(queue_->local);
  std::erase(reactor_.datagrams_, this);
}

net::io_result node_datagrams::receive(std::span<std::byte> into, std::size_t stride, std::span<inbound> out) {
  if (auto err = std::exchange(queue_->pending_error, 0))
    return {status::failed, 0, err};
  auto most = std::min({out.size(), into.size() / stride, queue_->arrived.size()});
  if (most == 0)
    return {status::again, 0, 0};
  most = reactor_.net_.portion(most);
  for (std::size_t i = 0; i < most; ++i) {
    auto d = std::move(queue_->arrived.front());
    queue_->arrived.pop_front();
    auto size = std::min(stride, d.bytes.size());
    std::memcpy(into.data() + i * stride, d.bytes.data(), size);
    out[i] = {d.from, size, d.bytes.size() > stride, d.asked};
  }
  return {status::ok, most, 0};
}

net::io_result node_datagrams::send(std::span<const outbound> batch) {
  if (queue_->blocked)
    return {status::again, 0, 0};
  for (int* err : {&queue_->pending_error, &queue_->next_send_error})
    if (auto e = std::exchange(*err, 0))
      return {status::failed, 0, e};
  auto most = reactor_.net_.portion(batch.size());
  for (std::size_t i = 0; i < most; ++i) {
    std::string bytes;
    for (const auto& part : batch[i].parts)
      bytes.append(static_cast<const char*>(part.iov_base), part.iov_len);
    auto from = queue_->local;
    if (batch[i].from)
      from.ip = batch[i].from->ip;
    if (!reactor_.net_.datagrams().deliver(from, peer_ ? *peer_ : *batch[i].to, std::move(bytes)) && peer_)
      queue_->pending_error = ECONNREFUSED;
  }
  return {status::ok, most, 0};
}

// -- reactor -----------------------------------------------------------------------------------------

result<net::datagrams_ptr> reactor::open_datagrams(const endpoint& at) {
  if (auto e = missing(at))
    return *e;
  auto q = net_.datagrams().open(parsed(to_string(at)));
  if (!q)
    return error{errc::address_in_use, "cannot bind udp " + to_string(at) + ": Address already in use", {}};
  return net::datagrams_ptr{std::make_unique<node_datagrams>(*this, std::move(q), std::nullopt)};
}

result<net::datagrams_ptr> reactor::open_datagrams_to(const ip_endpoint& peer) {
  auto q = net_.datagrams().open(parsed("127.0.0.1:0"));
  return net::datagrams_ptr{std::make_unique<node_datagrams>(*this, std::move(q), peer)};
}

/// A look-up under way: an IP address is its own answer, names are those that the test has given.
class lookup final : public net::connecting {
 public:
  lookup(reactor& r, const endpoint& host, std::chrono::milliseconds timeout, net::reactor::resolved done)
    : reactor_{r}, done_{std::move(done)} {
    deadline_ = r.after(timeout, [this] { finish(error{errc::timed_out, "no address in time", {}}); });
    auto answer = r.net_.answer(host);
    if (answer)
      r.post([this, alive = alive_, answer = std::move(*answer)] {
        if (*alive)
          finish(answer);
      });
  }
  ~lookup() override {
    *alive_ = false;
    reactor_.cancel(deadline_);
  }

 private:
  void finish(result<std::vector<ip_endpoint>> r) {
    reactor_.cancel(deadline_);
    *alive_ = false;
    if (auto done = std::exchange(done_, nullptr))
      done(std::move(r)); // may destroy this
  }

  reactor& reactor_;
  net::reactor::resolved done_;
  timer_queue::id deadline_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

net::connecting_ptr reactor::resolve(const endpoint& host, std::chrono::milliseconds timeout, resolved done) {
  return std::make_unique<lookup>(*this, host, timeout, std::move(done));
}

std::optional<result<std::vector<ip_endpoint>>> network::answer(const endpoint& host) const {
  if (black_holes_.contains(to_string(host)))
    return std::nullopt;
  if (auto e = parse_ip_endpoint(to_string(host)))
    return result{std::vector{*e}};
  auto it = names_.find(host.host);
  if (it == names_.end())
    return error{errc::unreachable, "cannot resolve " + host.host + ": Name or service not known", {}};
  std::vector<ip_endpoint> out;
  for (const auto& ip : it->second)
    out.push_back(parsed(to_string(endpoint{ip, host.port})));
  return out;
}

} // namespace ockam::sim
