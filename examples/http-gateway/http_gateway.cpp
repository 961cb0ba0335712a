// SPDX-License-Identifier: Apache-2.0
#include "http_gateway.hpp"

#include <ockam/endpoint.hpp>
#include <ockam/multiaddr.hpp>
#include <ockam/units.hpp>

#include <httplib.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <future>
#include <stdexcept>
#include <thread>

namespace {

using answer = ockam::result<ockam::message_ptr>;
constexpr std::string_view raw = "application/octet-stream";

int status_of(ockam::errc code) {
  switch (code) {
    case ockam::errc::invalid_route:
    case ockam::errc::invalid_argument: return 400;
    case ockam::errc::permission_denied: return 403;
    case ockam::errc::too_large: return 413;
    case ockam::errc::timed_out: return 504;
    case ockam::errc::closed:
    case ockam::errc::limit_reached: return 503;
    default: return 502; // whatever went wrong, it was behind this gateway
  }
}

void fail(httplib::Response& to, const ockam::error& e) {
  to.status = status_of(e.code);
  nlohmann::json j{{"error", {{"code", ockam::to_string(e.code)}, {"cause", e.cause}, {"hint", e.hint}}}};
  to.set_content(j.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n", "application/json");
}

/// Whether `route` is `prefix` or goes on behind it: /service/echo does not allow /service/echo2.
bool begins_with(const std::string& route, const std::string& prefix) {
  return prefix == "any" || (route.starts_with(prefix) && (route.size() == prefix.size() || prefix.ends_with('/') || route[prefix.size()] == '/'));
}

} // namespace

/// The server and its threads.
struct http_gateway::front {
  httplib::Server server;
  std::thread thread;
  std::atomic<std::uint64_t>* requests = nullptr;
};

http_gateway::http_gateway(const ockam::service_options& o)
  : allowed_{ockam::split_list(o.required("allow"))}, timeout_{o.duration("timeout", std::chrono::seconds{10})},
    max_body_{o.size("max-body", 1u << 20)}, threads_{static_cast<std::size_t>(o.number("threads", 8, 1, 256))} {
  auto at = ockam::parse_endpoint(o.text("address", "127.0.0.1:8080"));
  if (!at) {
    o.reject("address", at.error().cause);
  } else {
    host_ = at->host;
    port_ = at->port;
  }
}

http_gateway::~http_gateway() = default;

void http_gateway::on_start() {
  front_ = std::make_unique<front>();
  auto& server = front_->server;
  front_->requests = &counter("requests");
  server.new_task_queue = [n = threads_] { return new httplib::ThreadPool{n}; };
  server.set_payload_max_length(max_body_);
  server.set_keep_alive_timeout(5);
  server.Get("/health", [](const httplib::Request&, httplib::Response& to) { to.set_content("ok\n", "text/plain"); });
  server.Post(R"(/route(/.+))", [this, box = my_postbox()](const httplib::Request& from, httplib::Response& to) {
    front_->requests->fetch_add(1);
    auto route_text = from.matches[1].str();
    if (std::none_of(allowed_.begin(), allowed_.end(), [&](auto& p) { return begins_with(route_text, p); }))
      return fail(to, {ockam::errc::permission_denied, "this gateway does not send along " + route_text, "its operator allows it with the option allow"});
    auto m = ockam::parse_multiaddr(route_text);
    auto route = m ? ockam::to_route(*m) : ockam::result<ockam::route>{m.error()};
    if (!route)
      return fail(to, route.error());
    auto timeout = timeout_;
    if (from.has_param("timeout")) {
      auto wanted = ockam::parse_duration(from.get_param_value("timeout"));
      if (!wanted)
        return fail(to, wanted.error());
      timeout = std::min(timeout, *wanted);
    }
    auto body = from.get_header_value("Content-Type") == raw ? ockam::payload{from.body} : ockam::text_payload(from.body);
    std::promise<answer> promise;
    auto reply = promise.get_future();
    // From here on the worker's thread. A promise that is dropped, with the request or the worker, ends the wait below.
    bool posted = box.post([this, route = *route, body = std::move(body), timeout, promise = std::move(promise)]() mutable {
      request(route, std::move(body), timeout, [promise = std::move(promise)](answer a) mutable { promise.set_value(std::move(a)); });
    });
    ockam::error stopping{ockam::errc::closed, "the gateway is stopping", {}};
    if (!posted)
      return fail(to, stopping);
    // A task that the worker did not come to before its end keeps its promise: not longer than its own deadline.
    if (reply.wait_for(timeout + std::chrono::seconds{1}) != std::future_status::ready)
      return fail(to, stopping);
    try {
      auto got = reply.get();
      if (!got)
        return fail(to, got.error());
      if (auto text = (*got)->text())
        to.set_content(std::string{*text}, "text/plain; charset=utf-8");
      else
        to.set_content(reinterpret_cast<const char*>((*got)->bytes().data()), (*got)->bytes().size(), std::string{raw});
    } catch (const std::future_error&) {
      fail(to, stopping);
    }
  });
  server.set_error_handler([](const httplib::Request& from, httplib::Response& to) {
    if (to.body.empty() && to.status == 404)
      to.set_content("{\"error\": {\"code\": \"not-found\", \"cause\": \"there is nothing at " + from.method
                       + "\", \"hint\": \"POST /route/service/echo, GET /health\"}}\n", "application/json");
    else if (to.body.empty() && to.status == 413)
      fail(to, {ockam::errc::too_large, "the body is larger than this gateway takes", {}});
  });
  if (!server.bind_to_port(host_, port_))
    throw std::runtime_error{"cannot listen on " + host_ + ":" + std::to_string(port_)};
  front_->thread = std::thread{[this] { front_->server.listen_after_bind(); }};
  log_info("serves HTTP at " + host_ + ":" + std::to_string(port_));
}

void http_gateway::on_message(ockam::message_ptr m) {
  reply_error(std::move(m), "this is the way from HTTP to messages; there is none back");
}

/// Requests under way have been given up by now, so no thread waits for long.
void http_gateway::on_stop() noexcept {
  if (!front_ || !front_->thread.joinable())
    return;
  front_->server.stop();
  front_->thread.join();
}
