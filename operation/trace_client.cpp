// SPDX-License-Identifier: Apache-2.0
#include "operation/trace_client.hpp"

#include "proto/control.pb.h"
#include "runtime/core/address.hpp"
#include "runtime/core/multiaddr.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

namespace ockam::operation {

namespace {

using json = nlohmann::ordered_json;

constexpr std::size_t longest_answer = 1u << 20;

struct control_socket {
  int fd = -1;
  ~control_socket() {
    if (fd >= 0)
      ::close(fd);
  }
};

error no_answer() {
  return {errc::io_failure, "the node does not answer at its control socket", {}};
}

bool write_all(int fd, const std::string& bytes) {
  for (std::size_t done = 0; done < bytes.size();) {
    auto n = ::send(fd, bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
    if (n <= 0)
      return false;
    done += static_cast<std::size_t>(n);
  }
  return true;
}

bool read_all(int fd, char* to, std::size_t size) {
  for (std::size_t done = 0; done < size;) {
    auto n = ::recv(fd, to + done, size - done, 0);
    if (n < 0 && errno == EINTR)
      continue;
    if (n <= 0)
      return false;
    done += static_cast<std::size_t>(n);
  }
  return true;
}

result<int> connect_to(const std::string& path, std::chrono::milliseconds within) {
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (path.empty() || path.size() >= sizeof(to.sun_path))
    return error{errc::unsupported, "this node has no control socket", {}};
  std::memcpy(to.sun_path, path.c_str(), path.size() + 1);
  auto fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  timeval limit{within.count() / 1000, within.count() % 1000 * 1000};
  if (fd >= 0) {
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
  }
  if (fd >= 0 && ::connect(fd, reinterpret_cast<sockaddr*>(&to), sizeof(to)) == 0)
    return fd;
  if (fd >= 0)
    ::close(fd);
  return no_answer();
}

result<control::Response> read_answer(int fd) {
  std::array<unsigned char, 4> head{};
  if (!read_all(fd, reinterpret_cast<char*>(head.data()), head.size()))
    return no_answer();
  auto size = std::size_t{head[0]} << 24 | std::size_t{head[1]} << 16 | std::size_t{head[2]} << 8 | head[3];
  if (size > longest_answer)
    return no_answer();
  std::string body(size, '\0');
  control::Response r;
  if (!read_all(fd, body.data(), size) || !r.ParseFromString(body))
    return no_answer();
  if (r.has_error())
    return error{static_cast<errc>(r.error().code()), r.error().cause(), r.error().hint()};
  return r;
}

json of(const control::TraceHop& h) {
  return {{"number", h.number()}, {"address", printable(h.address())}, {"node", printable(h.node())}, {"type", printable(h.type())},
          {"round_trip_us", h.round_trip_us()}, {"held_us", h.held_us()}};
}

json of(const control::TraceEnd& e) {
  constexpr std::array<const char*, 4> outcomes{"answered", "arrived", "died", "silent"};
  json out{{"hops", json::array()}, {"outcome", outcomes[std::min<std::size_t>(static_cast<std::size_t>(e.outcome()), 3)]}, {"round_trip_us", e.round_trip_us()}};
  if (e.outcome() == control::TraceEnd::DIED)
    for (auto [key, value] : {std::pair{"address", e.address()}, {"node", e.node()}, {"reason", e.reason()}, {"detail", e.detail()}})
      out[key] = printable(value);
  return out;
}

} // namespace

result<std::string> trace_json(const std::string& path, const std::string& route, std::chrono::milliseconds within) {
  auto connected = connect_to(path, within);
  if (!connected)
    return std::move(connected).error();
  control_socket s{*connected};
  control::Request request;
  request.set_id(1);
  request.set_timeout_ms(static_cast<std::uint32_t>(within.count() * 4 / 5));
  request.mutable_trace_route()->set_route(route);
  auto size = static_cast<std::uint32_t>(request.ByteSizeLong());
  std::string out{static_cast<char>(size >> 24), static_cast<char>(size >> 16), static_cast<char>(size >> 8), static_cast<char>(size)};
  request.AppendToString(&out);
  if (!write_all(s.fd, out))
    return no_answer();
  auto hops = json::array();
  auto answer = read_answer(s.fd);
  for (; answer && answer->has_trace_hop(); answer = read_answer(s.fd))
    hops.push_back(of(answer->trace_hop()));
  if (!answer)
    return std::move(answer).error();
  auto found = of(answer->trace_end());
  found["hops"] = std::move(hops);
  return found.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

} // namespace ockam::operation
