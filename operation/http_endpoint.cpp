// SPDX-License-Identifier: Apache-2.0
#include "operation/http_endpoint.hpp"

#include "operation/deadline_stream.hpp"
#include "operation/http_access.hpp"
#include "operation/http_keys.hpp"
#include "operation/metrics.hpp"
#include "operation/page.hpp"
#include "operation/readiness.hpp"
#include "operation/snapshot_json.hpp"
#include "operation/trace_client.hpp"
#include "runtime/core/log.hpp"
#include "runtime/net/sockets.hpp"
#include "runtime/net/unix_sockets.hpp"
#include "transports/tls/tls_store.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <future>
#include <list>
#include <map>
#include <mutex>
#include <netinet/in.h>
#include <optional>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <system_error>
#include <thread>
#include <unistd.h>

namespace ockam::operation {

namespace {

using namespace std::chrono_literals;

constexpr std::ptrdiff_t most_connections = 32;
constexpr std::size_t most_request_bytes = 8192;
constexpr auto connection_time = 10s;
constexpr auto answer_time = 2s; ///< of the node
constexpr auto trace_time = 5s;
constexpr int most_traces = 8; ///< at a time: each may take a place for as long as `trace_time`
constexpr std::size_t most_services = 1000;

/// What is answered, and to whom. httplib's parser and writer, over connections of our own.
class responder : private httplib::Server {
 public:
  responder(snapshot_source source, const http_endpoint::access& a, std::string control_socket, const std::atomic<bool>& stopping)
    : source_{std::move(source)}, token_{a.token}, only_loopback_{a.only_loopback}, asks_who_{!a.token.empty() || (a.tls && !a.tls->ca.empty())},
      control_socket_{std::move(control_socket)}, stopping_{stopping} {
    set_payload_max_length(most_request_bytes / 2);
    set_pre_routing_handler([this](const httplib::Request& q, httplib::Response& r) { return admit(q, r); });
    set_post_routing_handler([](const httplib::Request&, httplib::Response& r) { r.headers.erase("Accept-Ranges"); }); // the library says so; there are none
    set_exception_handler([](const httplib::Request&, httplib::Response& r, std::exception_ptr) { fail(r, 500, "this cannot be shown"); });
    set_default_headers({{"Cache-Control", "no-store"}, {"X-Content-Type-Options", "nosniff"}});
    Get("/", [](const httplib::Request&, httplib::Response& r) { show_page(r, page_html(), "text/html; charset=utf-8"); });
    Get("/page.css", [](const httplib::Request&, httplib::Response& r) { show_page(r, page_css(), "text/css; charset=utf-8"); });
    Get("/page.js", [](const httplib::Request&, httplib::Response& r) { show_page(r, page_js(), "text/javascript; charset=utf-8"); });
    Get("/health/live", [this](const httplib::Request&, httplib::Response& r) { live(r); });
    Get("/health/ready", [this](const httplib::Request&, httplib::Response& r) { ready(r); });
    Get("/show", [this](const httplib::Request& q, httplib::Response& r) { show(q, r); });
    Get("/metrics", [this](const httplib::Request&, httplib::Response& r) { metrics(r); });
    Post("/trace", [this](const httplib::Request& q, httplib::Response& r) { trace(q, r); });
  }

  /// One request; more on the same connection are not read. `tls`: null where it does not speak that. `shown`: told what it
  /// waits for.
  void serve(int fd, const tls_context& tls, std::atomic<kept_by>& shown) {
    auto until = deadline_stream::clock::now() + connection_time;
    if (!tls) {
      deadline_stream s{fd, until, most_request_bytes, &shown};
      return answer_over(s);
    }
    deadline_tls_stream s{fd, until, most_request_bytes, tls.get(), &shown};
    if (s.handshake())
      answer_over(s);
  }

 private:
  void answer_over(httplib::Stream& s) {
    bool closed = false;
    // No parts of an answer: the library copies the body for each of the ranges, which a request of 8 KiB has thousands of.
    process_request(s, true, closed, [](httplib::Request& q) {
      q.ranges.clear();
      q.headers.erase("Range");
    });
  }

  static void fail(httplib::Response& r, int status, const char* why) {
    r.status = status;
    r.set_content(std::string{why} + "\n", "text/plain; charset=utf-8");
  }

  HandlerResponse admit(const httplib::Request& q, httplib::Response& r) const {
    if (q.method != "GET" && q.method != "HEAD" && !(q.method == "POST" && q.path == "/trace")) {
      r.set_header("Allow", "GET, HEAD");
      fail(r, 405, "only GET and HEAD");
      return HandlerResponse::Handled;
    }
    if (only_loopback_ && !names_loopback(q.get_header_value("Host"))) {
      fail(r, 403, "ask for it by 127.0.0.1, [::1] or localhost");
      return HandlerResponse::Handled;
    }
    if (token_.empty() || q.path == "/health/live" || brings_token(q.get_header_value("Authorization"), token_))
      return HandlerResponse::Unhandled;
    r.set_header("WWW-Authenticate", "Basic realm=\"ockam-node\"");
    fail(r, 401, "a token is needed: Authorization: Bearer TOKEN");
    return HandlerResponse::Handled;
  }

  struct answer {
    node_snapshot snapshot;
    std::chrono::nanoseconds delay{0};
  };
  std::optional<answer> ask(snapshot_request what) const {
    using clock = std::chrono::steady_clock;
    auto begun = clock::now();
    auto promise = std::make_shared<std::promise<answer>>();
    auto result = promise->get_future();
    source_(what, [promise, begun](node_snapshot s) { promise->set_value({std::move(s), clock::now() - begun}); });
    if (result.wait_for(answer_time) != std::future_status::ready)
      return std::nullopt;
    return result.get();
  }
  /// The same; says it to who asked when there is no answer.
  std::optional<answer> ask(snapshot_request what, httplib::Response& r) const {
    auto a = ask(what);
    if (!a)
      fail(r, 503, "the node does not answer: its socket thread is busy or stuck");
    return a;
  }

  static void show_page(httplib::Response& r, std::string_view part, const char* type) {
    r.set_header("Content-Security-Policy", page_policy);
    r.set_content(std::string{part}, type);
  }

  void live(httplib::Response& r) const {
    if (ask({}, r))
      r.set_content("live\n", "text/plain; charset=utf-8");
  }

  void ready(httplib::Response& r) const {
    auto a = ask({snapshot_request::which_links::lasting}, r);
    if (!a)
      return;
    auto missing = what_is_not_ready(a->snapshot);
    if (stopping_)
      missing.push_back({"node", a->snapshot.name, "stopping", {}});
    r.status = missing.empty() ? 200 : 503;
    r.set_content(readiness_json(missing), "application/json");
  }

  void show(const httplib::Request& q, httplib::Response& r) const {
    if (q.method == "HEAD") { // as the reference
      r.set_header("Allow", "GET");
      return fail(r, 405, "only GET");
    }
    if (auto a = ask({snapshot_request::which_links::all, most_services}, r))
      r.set_content(show_json(a->snapshot), "application/json");
  }

  void metrics(httplib::Response& r) const {
    if (auto a = ask({snapshot_request::which_links::lasting, most_services}, r))
      r.set_content(metrics_text(a->snapshot, {read_process_figures(), a->delay}), metrics_type);
  }

  /// A form of another site cannot send this type, nor can its scripts without asking first, which is not answered.
  static bool is_from_elsewhere(const httplib::Request& q) {
    auto site = q.get_header_value("Sec-Fetch-Site");
    return !q.get_header_value("Content-Type").starts_with("application/json") || (!site.empty() && site != "same-origin" && site != "none");
  }

  void trace(const httplib::Request& q, httplib::Response& r) const {
    if (is_from_elsewhere(q))
      return fail(r, 403, "a trace is asked for as application/json, from no other site");
    auto body = nlohmann::json::parse(q.body, nullptr, false);
    if (!body.is_object() || !body.value("route", nlohmann::json{}).is_string())
      return fail(r, 400, "{\"route\": \"/service/echo\"}");
    auto route = body["route"].get<std::string>();
    if (!asks_who_ && !goes_by_names(route))
      return fail(r, 403, "without a token or a certificate of the client only workers and links of the node may be named: /worker/NAME/service/echo");
    struct place {
      std::atomic<int>& taken;
      bool is_one = ++taken <= most_traces;
      ~place() { --taken; }
    } mine{traces_};
    if (!mine.is_one)
      return fail(r, 503, "too many routes are traced at this time");
    auto found = trace_json(control_socket_, route, trace_time);
    if (found)
      return r.set_content(*found, "application/json");
    r.status = 422;
    r.set_content(found.error().cause + "\n", "text/plain; charset=utf-8");
  }

  const snapshot_source source_;
  const std::string token_;
  const bool only_loopback_;
  const bool asks_who_; ///< everybody has shown a token or a certificate
  const std::string control_socket_;
  const std::atomic<bool>& stopping_;
  mutable std::atomic<int> traces_{0};
};

/// The listening socket, of either kind.
class listening {
 public:
  explicit listening(int tcp) : fd_{tcp}, text_{local_text(tcp)} {}
  explicit listening(unix_listener u) : fd_{u.fd}, text_{u.path}, file_{std::move(u)} {}
  listening(listening&& o) noexcept : fd_{std::exchange(o.fd_, -1)}, text_{std::move(o.text_)}, file_{std::move(o.file_)} {}
  listening& operator=(listening&&) = delete;
  ~listening() {
    if (fd_ < 0)
      return;
    if (file_)
      file_->remove_file();
    ::close(fd_);
  }
  int fd() const { return fd_; }
  const std::string& text() const { return text_; }

 private:
  int fd_;
  std::string text_;
  std::optional<unix_listener> file_;
};

result<listening> listen_at(const std::string& address) {
  constexpr unsigned mode = 0600;
  if (address.starts_with('/')) {
    auto u = listen_unix(address, mode);
    return u ? result<listening>{listening{*std::move(u)}} : result<listening>{std::move(u).error()};
  }
  auto at = parse_socket_address(address);
  auto fd = at ? listen_tcp(*at) : result<int>{std::move(at).error()};
  return fd ? result<listening>{listening{*fd}} : result<listening>{std::move(fd).error()};
}

/// Whom it lets in, and what it answers them; another one after a reload, while connections of before end as they began.
struct admission {
  admission(snapshot_source source, http_endpoint::access a, std::string control_socket, const std::atomic<bool>& stopping)
    : who{std::move(a)}, answers{std::move(source), who, std::move(control_socket), stopping} {}

  const http_endpoint::access who;
  tls_store store; ///< of the thread that accepts: certificates are renewed while it runs
  responder answers;
};

class threaded_endpoint final : public http_endpoint {
 public:
  threaded_endpoint(listening l, snapshot_source source, access a, std::string control_socket)
    : listening_{std::move(l)}, source_{std::move(source)}, control_socket_{std::move(control_socket)}, admission_{make_admission(std::move(a))},
      stop_{::eventfd(0, EFD_CLOEXEC)}, acceptor_{[this] { accept_all(); }} {}

  ~threaded_endpoint() override {
    std::uint64_t one = 1;
    (void)!::write(stop_, &one, sizeof(one));
    acceptor_.join();
    std::unique_lock lock{mutex_};
    for (const auto& c : open_)
      ::shutdown(c.fd, SHUT_RDWR);
    one_closed_.wait(lock, [this] { return open_.empty(); });
    ::close(stop_);
  }

  const std::string& address() const override { return listening_.text(); }
  void stopping() override { stopping_ = true; }

  bool admit(access a) override {
    if (current()->who == a)
      return false;
    auto fresh = make_admission(std::move(a));
    std::lock_guard lock{mutex_};
    admission_.swap(fresh);
    return true;
  }

 private:
  std::shared_ptr<admission> make_admission(access a) const { return std::make_shared<admission>(source_, std::move(a), control_socket_, stopping_); }

  std::shared_ptr<admission> current() {
    std::lock_guard lock{mutex_};
    return admission_;
  }

  void accept_all() {
    for (;;) {
      pollfd fds[]{{listening_.fd(), POLLIN, 0}, {stop_, POLLIN, 0}};
      if (::poll(fds, 2, -1) < 0 && errno != EINTR)
        return log(level::error, "http", system_error("poll", errno));
      if (fds[1].revents != 0)
        return;
      if (fds[0].revents != 0)
        accept_one();
    }
  }

  /// One that a thread serves. It stays where it is in memory.
  struct connection {
    int fd;
    std::string peer;                            ///< its address without the port; empty at a Unix socket
    std::atomic<kept_by> waits{kept_by::others};
    bool is_told_to_end = false;
    connection(int f, std::string p) : fd{f}, peer{std::move(p)} {}
  };

  void accept_one() {
    sockaddr_storage from{};
    socklen_t size = sizeof(from);
    auto fd = ::accept4(listening_.fd(), reinterpret_cast<sockaddr*>(&from), &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
      if (errno == EMFILE || errno == ENFILE) // nothing tells when there is room again
        wait_a_little();
      return;
    }
    auto* c = take(fd, host_of(from));
    if (!c) {
      ::close(fd);
      return;
    }
    auto now = current();
    auto tls = now->who.tls ? now->store.server(*now->who.tls, tls_store::clock::now()) : result<tls_context>{tls_context{}};
    if (!tls) {
      log(level::error, "http", tls.error());
      return done(*c);
    }
    try {
      std::thread{[this, c, now = std::move(now), context = *tls]() mutable {
        now->answers.serve(c->fd, context, c->waits);
        now.reset(); // before the endpoint may go
        done(*c);
      }}.detach();
    } catch (const std::system_error& e) {
      log(level::error, "http", std::string{"no thread for a request: "} + e.what());
      done(*c);
    }
  }

  /// The bytes of an address, by which clients of one host are known.
  static std::string host_of(const sockaddr_storage& from) {
    if (from.ss_family == AF_INET)
      return {reinterpret_cast<const char*>(&reinterpret_cast<const sockaddr_in&>(from).sin_addr), sizeof(in_addr)};
    if (from.ss_family == AF_INET6)
      return {reinterpret_cast<const char*>(&reinterpret_cast<const sockaddr_in6&>(from).sin6_addr), sizeof(in6_addr)};
    return {};
  }

  /// Until the end, or 0.1 s.
  void wait_a_little() const {
    pollfd p{stop_, POLLIN, 0};
    (void)::poll(&p, 1, 100);
  }

  /// A place, if need be that of a client who keeps his for nothing: whoever connects and says nothing takes health and metrics
  /// away from nobody. Null: every place has a request that is being answered.
  connection* take(int fd, std::string peer) {
    std::unique_lock lock{mutex_};
    auto has_place = [this] { return std::count_if(open_.begin(), open_.end(), [](auto& c) { return !c.is_told_to_end; }) < most_connections || end_one(); };
    // A thread that has just begun waits for its client soon, and those of clients that were told to end do so.
    auto until = std::chrono::steady_clock::now() + 100ms;
    while (std::ssize(open_) >= 2 * most_connections || !has_place())
      if (std::chrono::steady_clock::now() >= until)
        return nullptr;
      else
        one_closed_.wait_for(lock, 1ms);
    return &open_.emplace_back(fd, std::move(peer));
  }

  /// Of the clients that are waited for one of the host that has the most connections: rather one that has yet to send its
  /// request than one that reads slowly, and the oldest of these. False: there is none. Under the lock.
  bool end_one() {
    std::map<std::string_view, std::size_t> of_host;
    for (const auto& c : open_)
      of_host[c.peer] += !c.is_told_to_end;
    connection* who = nullptr;
    std::pair<std::size_t, bool> best{};
    for (auto& c : open_) {
      auto waits = c.waits.load();
      if (c.is_told_to_end || waits == kept_by::others)
        continue;
      std::pair<std::size_t, bool> how{of_host[c.peer], waits == kept_by::sender};
      if (!who || how > best) {
        who = &c;
        best = how;
      }
    }
    if (!who)
      return false;
    who->is_told_to_end = true;
    ::shutdown(who->fd, SHUT_RDWR);
    return true;
  }

  void done(connection& c) {
    std::lock_guard lock{mutex_};
    ::close(c.fd);
    open_.remove_if([&](auto& one) { return &one == &c; });
    one_closed_.notify_all();
  }

  listening listening_;
  const snapshot_source source_;
  const std::string control_socket_;
  std::atomic<bool> stopping_{false};
  std::mutex mutex_;
  std::shared_ptr<admission> admission_;
  int stop_;
  std::condition_variable one_closed_;
  std::list<connection> open_; ///< in the order in which they came
  std::thread acceptor_; ///< last: it uses all of these
};

} // namespace

result<http_endpoint::access> http_endpoint::read_access(const http_config& c) {
  access out;
  if (!c.token_file.empty()) {
    auto read = read_token(c.token_file);
    if (!read)
      return std::move(read).error();
    out.token = *std::move(read);
  }
  bool is_path = c.address.starts_with('/');
  auto at = is_path ? result<endpoint>{endpoint{}} : parse_socket_address(c.address);
  if (!at)
    return std::move(at).error();
  if (out.token.empty() && c.ca.empty() && needs_token(c.address))
    return token_missing(c.address);
  out.only_loopback = !is_path && is_loopback(at->host) && c.token_file.empty() && c.ca.empty();
  if (!c.certificate.empty()) {
    out.tls = tls_files{c.certificate, c.key, c.ca};
    if (auto usable = make_tls_server(*out.tls); !usable)
      return std::move(usable).error();
  }
  return out;
}

result<std::unique_ptr<http_endpoint>> http_endpoint::open(const http_config& c, snapshot_source source, std::string control_socket) {
  auto a = read_access(c);
  if (!a)
    return std::move(a).error();
  return open(c.address, *std::move(a), std::move(source), std::move(control_socket));
}

result<std::unique_ptr<http_endpoint>> http_endpoint::open(const std::string& address, access a, snapshot_source source, std::string control_socket) {
  auto l = listen_at(address);
  if (!l)
    return std::move(l).error();
  return std::unique_ptr<http_endpoint>{std::make_unique<threaded_endpoint>(*std::move(l), std::move(source), std::move(a), std::move(control_socket))};
}

} // namespace ockam::operation
