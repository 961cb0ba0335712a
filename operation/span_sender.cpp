// SPDX-License-Identifier: Apache-2.0
#include "operation/span_sender.hpp"

#include "runtime/core/log.hpp"

#include <httplib.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <utility>
#include <vector>

namespace ockam::operation {

namespace {

using clock = span_sender::clock;

enum class outcome { taken, again, refused };

struct answer {
  outcome what = outcome::again;
  std::string words;                     ///< for the log
  std::uint64_t rejected = 0;            ///< of those that were taken
  std::optional<std::chrono::seconds> after = {}; ///< when to try again, as the collector wants
};

/// The scheme of the address says which.
std::unique_ptr<httplib::ClientImpl> make_client(const span_sender::settings& s) {
  auto host = std::string{public_host(s.to.at.host)};
  std::unique_ptr<httplib::ClientImpl> c;
  if (s.to.tls)
    c = std::make_unique<httplib::SSLClient>(host, s.to.at.port);
  else
    c = std::make_unique<httplib::ClientImpl>(host, s.to.at.port);
  if (!s.ca.empty())
    c->set_ca_cert_path(s.ca.c_str());
  c->set_connection_timeout(span_sender::connect_time);
  c->set_read_timeout(span_sender::answer_time);
  c->set_write_timeout(span_sender::answer_time);
  c->set_keep_alive(true);
  c->set_tcp_nodelay(true);
  return c;
}

/// By OTLP/HTTP: these, and no answer at all, are worth another try.
bool is_worth_another_try(int status) {
  return status == 429 || status == 502 || status == 503 || status == 504;
}

std::optional<std::chrono::seconds> wanted_wait(const httplib::Response& r) {
  auto text = r.get_header_value("Retry-After");
  unsigned n = 0;
  auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (text.empty() || wrong != std::errc{} || end != text.data() + text.size()) // a date counts as nothing
    return std::nullopt;
  return std::min(std::chrono::seconds{n}, span_sender::most_wait);
}

answer post(httplib::ClientImpl& to, const std::string& path, std::string body) {
  httplib::Request q;
  q.method = "POST";
  q.path = path;
  q.set_header("Content-Type", "application/json");
  q.body = std::move(body);
  std::string said;
  q.content_receiver = [&, until = clock::now() + span_sender::answer_time](const char* data, std::size_t n, std::uint64_t, std::uint64_t) {
    said.append(data, std::min(n, span_sender::most_answer - said.size()));
    return said.size() < span_sender::most_answer && clock::now() < until;
  };
  auto r = to.send(q);
  if (!r)
    return {outcome::again, "no answer: " + httplib::to_string(r.error())};
  if (r->status >= 200 && r->status < 300)
    return {outcome::taken, {}, rejected_spans(said)};
  auto words = "it answers " + std::to_string(r->status);
  return {is_worth_another_try(r->status) ? outcome::again : outcome::refused, std::move(words), 0, wanted_wait(*r)};
}

} // namespace

/// Shared with the thread, which may have to be left alone.
struct span_sender::state {
  std::shared_ptr<tracer> from;
  settings how;
  std::unique_ptr<httplib::ClientImpl> client;
  std::string place = to_string(how.to);
  rate_limited_log lines{std::chrono::seconds{10}};

  std::mutex lock;
  std::condition_variable changed;
  std::optional<clock::time_point> end_by; ///< it is to finish
  bool ended = false;

  state(std::shared_ptr<tracer> t, settings s) : from{std::move(t)}, how{std::move(s)}, client{make_client(how)} {}

  std::optional<clock::time_point> to_end_by() {
    std::lock_guard guard{lock};
    return end_by;
  }
  /// Until then, or until it is to finish. False: there is no time for another try.
  bool wait(clock::duration d) {
    auto until = clock::now() + d;
    std::unique_lock guard{lock};
    if (!end_by)
      changed.wait_until(guard, until, [this] { return end_by.has_value(); });
    if (!end_by)
      return true;
    // At the end a try a second is what a collector that starts again may need.
    auto soon = std::min({until, clock::now() + std::chrono::seconds{1}, *end_by});
    guard.unlock();
    std::unique_lock again{lock};
    changed.wait_until(again, soon, [&] { return clock::now() >= *end_by; });
    return clock::now() < *end_by;
  }
  void send(const std::vector<ockam::span>& batch);
};

/// All tries of one batch.
void span_sender::state::send(const std::vector<ockam::span>& batch) {
  auto body = otlp_json(how.of, batch);
  auto pause = std::chrono::duration_cast<clock::duration>(how.retry);
  for (unsigned tries = 1;; ++tries) {
    auto a = post(*client, how.to.path, body);
    if (a.what == outcome::taken) {
      auto rejected = std::min<std::size_t>(a.rejected, batch.size());
      from->count_sent(batch.size() - rejected);
      from->count_failed(rejected);
      return;
    }
    auto wanted = a.after ? std::max<clock::duration>(*a.after, pause) : pause;
    if (a.what == outcome::refused || tries == most_tries || !wait(wanted)) {
      from->count_failed(batch.size());
      return lines.write(level::warn, "tracing", "lost", std::to_string(batch.size()) + " spans are lost, " + place + " has not taken them: " + a.words, clock::now());
    }
    lines.write(level::warn, "tracing", "again", place + " takes no spans, they wait: " + a.words, clock::now());
    pause = std::min<clock::duration>(2 * pause, most_wait);
  }
}

span_sender::span_sender(std::shared_ptr<tracer> from, settings s) : state_{std::make_shared<state>(std::move(from), std::move(s))} {
  thread_ = std::thread{[shared = state_] { run(shared); }};
}

void span_sender::run(const std::shared_ptr<state>& s) {
  for (;;) {
    auto end_by = s->to_end_by();
    auto until = clock::now() + s->how.interval;
    auto batch = s->from->wait(s->how.batch, end_by ? clock::now() : until);
    if (end_by && (batch.empty() || clock::now() >= *end_by)) {
      s->from->count_failed(batch.size());
      break;
    }
    if (!batch.empty())
      s->send(batch);
  }
  std::lock_guard guard{s->lock};
  s->ended = true;
  s->changed.notify_all();
}

bool span_sender::finish(clock::time_point until) {
  if (!thread_.joinable())
    return true;
  {
    std::lock_guard guard{state_->lock};
    state_->end_by = until;
  }
  state_->changed.notify_all();
  state_->from->wake();
  bool ended;
  {
    std::unique_lock guard{state_->lock};
    ended = state_->changed.wait_until(guard, until, [&] { return state_->ended; });
  }
  if (!ended) {
    state_->client->stop(); // what waits for an answer has none
    constexpr std::chrono::milliseconds to_notice{200};
    std::unique_lock guard{state_->lock};
    ended = state_->changed.wait_for(guard, to_notice, [&] { return state_->ended; });
  }
  if (ended)
    thread_.join();
  else
    thread_.detach();
  return ended;
}

span_sender::~span_sender() {
  (void)finish(clock::now());
}

} // namespace ockam::operation
