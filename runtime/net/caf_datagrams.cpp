// SPDX-License-Identifier: Apache-2.0
// Datagram sockets of `caf_reactor`.
#include "runtime/net/caf_reactor.hpp"

#include "runtime/net/datagram_sockets.hpp"
#include "runtime/net/sockets.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <numeric>
#include <sys/socket.h>

namespace ockam {

namespace {

using status = net::io_result::status;

/// What the system calls want, set up anew for each: one for the socket thread, not one for each socket.
struct call_frame {
  static constexpr std::size_t size = 64; ///< datagrams of one call
  /// Room for what is said beside a message: the size that it is to be cut into, this host's address.
  struct alignas(cmsghdr) beside {
    std::array<std::byte, CMSG_SPACE(sizeof(std::uint16_t)) + packet_info_room> bytes;
  };
  std::array<mmsghdr, size> messages;
  std::array<iovec, 2 * size> vectors;
  std::array<sockaddr_storage, size> names;
  std::array<beside, size> control;
  std::array<std::size_t, size> datagrams; ///< in each message
};
thread_local call_frame frame;

class fd_datagrams final : public net::datagrams, private fd_handler::listener {
 public:
  /// `anywhere`: it is bound to all addresses of this host.
  fd_datagrams(caf_reactor& r, int fd, int family, bool fixed_peer, bool anywhere)
    : reactor_{r}, family_{family}, fixed_peer_{fixed_peer}, anywhere_{anywhere}, local_{local_text(fd)},
      handler_{fd_handler::make(r, fd, *this)}, cuts_{can_cut(fd)} {
    if (anywhere_)
      tell_who_was_asked(fd, family);
  }

  ~fd_datagrams() override { *alive_ = false; }

  void attach(net::stream_events* owner) override { owner_ = owner; }

  net::io_result receive(std::span<std::byte> into, std::size_t stride, std::span<inbound> out) override {
    auto count = std::min({expected_, call_frame::size, out.size(), into.size() / stride});
    if (count == 1 && !anywhere_)
      return receive_one(into.first(stride), out[0]);
    for (std::size_t i = 0; i < count; ++i) {
      frame.vectors[i] = {into.data() + i * stride, stride};
      auto& h = frame.messages[i].msg_hdr;
      h = {};
      h.msg_iov = &frame.vectors[i];
      h.msg_iovlen = 1;
      h.msg_name = &frame.names[i];
      h.msg_namelen = sizeof(frame.names[i]);
      if (anywhere_) {
        h.msg_control = frame.control[i].bytes.data();
        h.msg_controllen = frame.control[i].bytes.size();
      }
    }
    auto n = ::recvmmsg(fd(), frame.messages.data(), static_cast<unsigned>(count), MSG_DONTWAIT, nullptr);
    if (n < 0)
      return failure();
    for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
      auto from = endpoint_of(reinterpret_cast<const sockaddr*>(&frame.names[i]));
      auto& h = frame.messages[i].msg_hdr;
      out[i] = {from.value_or(ip_endpoint{}), frame.messages[i].msg_len, (h.msg_flags & MSG_TRUNC) != 0,
                anywhere_ ? who_was_asked(h) : std::nullopt};
    }
    return received(static_cast<std::size_t>(n));
  }

  net::io_result send(std::span<const outbound> out) override {
    out = out.first(std::min(call_frame::size, out.size()));
    if (out.size() == 1 && out[0].parts[1].iov_len == 0 && !out[0].from)
      return send_one(out[0]);
    auto n = send_all(out, {cuts_, true});
    // Not this way: its first network carries less than one of these datagrams, or has no way to sum them.
    if (n < 0 && cuts_ && (errno == EINVAL || errno == EMSGSIZE || errno == EIO))
      n = send_all(out, {false, true});
    // The address that was asked is not this host's any more.
    if (n < 0 && out[0].from && (errno == EINVAL || errno == EADDRNOTAVAIL || errno == ENODEV))
      n = send_all(out.first(1), {false, false});
    if (n < 0)
      return failure();
    auto sent = std::accumulate(frame.datagrams.begin(), frame.datagrams.begin() + n, std::size_t{0});
    return {status::ok, sent, 0};
  }

  void watch_read(bool on) override {
    reading_ = on;
    handler_->watch_read(on);
  }
  void watch_write(bool on) override {
    writing_ = on;
    handler_->watch_write(on);
  }
  std::string local() const override { return local_; }

 private:
  int fd() const { return handler_->descriptor(); }

  // A message that travels alone is the case in which a call's length shows: these are the shorter ones.
  net::io_result receive_one(std::span<std::byte> into, inbound& out) {
    auto& name = frame.names[0];
    socklen_t name_size = sizeof(name);
    auto n = ::recvfrom(fd(), into.data(), into.size(), MSG_DONTWAIT | MSG_TRUNC, reinterpret_cast<sockaddr*>(&name), &name_size);
    if (n < 0)
      return failure();
    auto size = static_cast<std::size_t>(n); // with MSG_TRUNC, that of the datagram
    out = {endpoint_of(reinterpret_cast<const sockaddr*>(&name)).value_or(ip_endpoint{}), std::min(size, into.size()), size > into.size(), {}};
    return received(1);
  }

  net::io_result send_one(const outbound& out) {
    auto& name = frame.names[0];
    socklen_t size = fixed_peer_ || !out.to ? 0 : to_sockaddr(*out.to, family_, name);
    if (size == 0 && !fixed_peer_)
      return {status::failed, 0, EAFNOSUPPORT};
    const auto& part = out.parts[0];
    auto* to = size == 0 ? nullptr : reinterpret_cast<const sockaddr*>(&name);
    auto n = ::sendto(fd(), part.iov_base, part.iov_len, MSG_DONTWAIT | MSG_NOSIGNAL, to, size);
    return n < 0 ? failure() : net::io_result{status::ok, 1, 0};
  }

  /// How messages are described to the system.
  struct manner {
    bool cuts;   ///< several datagrams in each
    bool source; ///< with the address that they are to come from
  };

  /// Describes messages to the system, several datagrams in each where it can cut them up itself: its layers
  /// are then passed once and not once for each. How many; it ends before a peer that cannot be reached.
  std::size_t describe(std::span<const outbound> out, manner how) {
    auto* vector = frame.vectors.data();
    std::size_t n = 0;
    for (; !out.empty(); ++n) {
      auto& h = frame.messages[n].msg_hdr;
      h = {};
      if (!fixed_peer_ && out[0].to) {
        h.msg_namelen = to_sockaddr(*out[0].to, family_, frame.names[n]);
        h.msg_name = &frame.names[n];
        if (h.msg_namelen == 0)
          break;
      }
      auto count = how.cuts ? equal_datagrams(out) : 1;
      h.msg_iov = vector;
      for (const auto& d : out.first(count))
        for (const auto& part : d.parts)
          if (part.iov_len > 0 || &part == &d.parts[0])
            *vector++ = part;
      h.msg_iovlen = static_cast<std::size_t>(vector - h.msg_iov);
      h.msg_control = frame.control[n].bytes.data();
      if (count > 1)
        cut(h, static_cast<std::uint16_t>(size_of(out[0])));
      if (how.source && out[0].from)
        come_from(*out[0].from, family_, h);
      frame.datagrams[n] = count;
      out = out.subspan(count);
    }
    return n;
  }

  int send_all(std::span<const outbound> out, manner how) {
    auto count = describe(out, how);
    if (count > 0)
      return ::sendmmsg(fd(), frame.messages.data(), static_cast<unsigned>(count), MSG_DONTWAIT | MSG_NOSIGNAL);
    errno = EAFNOSUPPORT;
    return -1;
  }

  static void cut(msghdr& h, std::uint16_t size) {
    h.msg_controllen = CMSG_SPACE(sizeof(size));
    auto* c = CMSG_FIRSTHDR(&h);
    c->cmsg_level = SOL_UDP;
    c->cmsg_type = UDP_SEGMENT;
    c->cmsg_len = CMSG_LEN(sizeof(size));
    std::memcpy(CMSG_DATA(c), &size, sizeof(size));
  }

  net::io_result received(std::size_t count) {
    expected_ = count >= expected_ ? 2 * count : std::max<std::size_t>(1, count);
    return {status::ok, count, 0};
  }

  static net::io_result failure() {
    bool again = errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
    return {again ? status::again : status::failed, 0, again ? 0 : errno};
  }

  void on_fd_readable() override {
    auto alive = alive_; // the owner may close this inside
    if (owner_)
      owner_->on_readable();
    // An ICMP error alone is an error event, after which CAF forgets the descriptor; but a datagram socket
    // goes on. Later: taken back now, it would be forgotten again when this event returns.
    if (*alive && reading_ && !handler_->watches_read())
      reactor_.post([this, alive] {
        if (!*alive)
          return;
        handler_->watch_read(reading_);
        handler_->watch_write(writing_);
      });
  }
  void on_fd_writable() override {
    if (owner_)
      owner_->on_writable();
  }

  caf_reactor& reactor_;
  int family_;
  bool fixed_peer_;
  bool anywhere_;
  std::string local_;
  fd_handler::owner handler_;
  net::stream_events* owner_ = nullptr;
  /// How many there are likely to be: to ask for one more than there is costs a look at the empty queue.
  std::size_t expected_ = 1;
  bool cuts_; ///< the system cuts a piece into datagrams
  bool reading_ = false;
  bool writing_ = false;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

} // namespace

result<net::datagrams_ptr> caf_reactor::open_datagrams(const endpoint& at) {
  auto fd = bind_udp(at);
  if (!fd)
    return std::move(fd).error();
  auto family = at.host.find(':') != std::string::npos ? AF_INET6 : AF_INET;
  auto bound = parse_ip_endpoint(local_text(*fd));
  bool anywhere = bound && bound->ip == ip_endpoint{}.ip;
  return net::datagrams_ptr{std::make_unique<fd_datagrams>(*this, *fd, family, false, anywhere)};
}

bool caf_reactor::is_local(const ip_endpoint& address) {
  constexpr std::uint8_t loopback_network = 127; // all of it, although one address is all that is listed
  if (!address.v6 && address.ip[0] == loopback_network)
    return true;
  constexpr std::chrono::seconds good_for{5}; // they change when a network comes or goes
  if (now() >= local_addresses_until_) {
    local_addresses_ = local_addresses();
    local_addresses_until_ = now() + good_for;
  }
  return std::any_of(local_addresses_.begin(), local_addresses_.end(),
                     [&](const ip_endpoint& a) { return a.ip == address.ip && a.v6 == address.v6; });
}

result<net::datagrams_ptr> caf_reactor::open_datagrams_to(const ip_endpoint& peer) {
  auto fd = connect_udp(peer);
  if (!fd)
    return std::move(fd).error();
  return net::datagrams_ptr{std::make_unique<fd_datagrams>(*this, *fd, peer.v6 ? AF_INET6 : AF_INET, true, false)};
}

} // namespace ockam
