// SPDX-License-Identifier: Apache-2.0
#include "portals/outlet.hpp"

#include "portals/stream.hpp"

#include <algorithm>
#include <compare>
#include <map>

namespace ockam::portal {

namespace {

/// Whose a message is, where no handshake says which stream it belongs to: the last address of its way back, and who sends by
/// that name, as others may use the same.
struct sender {
  explicit sender(const message& m) : link{m.source().producer}, identity{m.identity() ? *m.identity() : std::string{}} {
    address_view last;
    m.header.each_return([&](address_view a) { last = a; });
    name = to_string(last);
  }
  auto operator<=>(const sender&) const = default;

  std::uint32_t link;
  std::string identity;
  std::string name;
};

/// An outlet's end of a stream: dials the target, and says so when it is there.
class outlet_stream final : public stream {
 public:
  outlet_stream(std::shared_ptr<outlet> of, message_ptr first) : stream{of}, outlet_{std::move(of)}, first_{std::move(first)} {}

 private:
  void on_start() override {
    stream::on_start();
    auto what = decode(first_->bytes());
    bool with_hello = what && !outlet_->options.skip_handshake;
    aim(first_->header.return_route(), *first_, with_hello ? what->greeting : std::nullopt);
    dialling_ = node().reactor.connect(outlet_->to.at, open_within(),
                                       [this](result<net::stream_ptr> r) { r ? connected(std::move(*r)) : failed(r.error()); });
    if (outlet_->options.skip_handshake)
      on_message(std::move(first_));
    first_.reset();
  }

  void on_opening(const message&, const message_view&) override {} // greetings, of one that does not wait for an answer

  void connected(net::stream_ptr s) {
    dialling_.reset();
    if (!outlet_->to.secure) {
      attach(std::move(s));
      return on_ready();
    }
    attach(outlet_->to.secure(std::move(s)));
    open_after_handshake();
  }

  void on_ready() override {
    if (!outlet_->options.skip_handshake)
      send(has_said_hello() ? encode(tag::pong, greeting()) : encode(tag::pong));
    open();
  }

  void failed(const error& e) {
    dialling_.reset();
    fail(e.code == errc::timed_out ? end_reason::timed_out : end_reason::unreachable, e.cause);
  }

  /// A little less than who waits for it, so that the answer says why.
  std::chrono::milliseconds open_within() const override {
    const auto all = outlet_->options.dial_timeout;
    return all - std::min(all / 10, most_ahead);
  }
  void on_late() override {
    fail(end_reason::timed_out, (dialling_ ? "no connection to " : "no TLS with ") + to_string(outlet_->to.at) + " in time");
  }
  void give_up() noexcept override { dialling_.reset(); }

  static constexpr std::chrono::milliseconds most_ahead{500};

  std::shared_ptr<outlet> outlet_;
  message_ptr first_;
  net::connecting_ptr dialling_;
};

class outlet_worker final : public worker {
 public:
  explicit outlet_worker(std::shared_ptr<outlet> of) : outlet_{std::move(of)} {}

 private:
  void on_message(message_ptr m) override {
    if (m->header.get_report())
      return;
    if (m->header.return_empty())
      return refuse(std::move(m), "a message has no way back");
    if (!outlet_->admits(*m))
      return refuse(std::move(m), "who asks is not whom allow names");
    if (outlet_->options.skip_handshake && pass_on(m))
      return;
    auto what = decode(m->bytes());
    if (!what || (what->what != tag::ping && !outlet_->options.skip_handshake))
      return refuse(std::move(m), "a stream does not begin with Ping");
    if (what->what == tag::disconnect) // of a stream that has ended here already
      return;
    if (auto full = why_full(*m); !full.empty())
      return turn_away(std::move(m), outlet_->options.skip_handshake || what->greeting, full);
    begin(std::move(m));
  }

  void begin(message_ptr m) {
    worker_options o;
    o.type = "outlet-stream";
    if (m->is_straight_from_link())
      o.consumer_of = {m->source().producer};
    auto at = random_address();
    if (outlet_->options.skip_handshake)
      remember(*m, at);
    if (auto ok = outlet_->env.node.workers.start(at, std::make_unique<outlet_stream>(outlet_, std::move(m)), std::move(o)); !ok)
      log_error(ok.error().cause);
  }

  /// Of a sender that has a stream already: the stream gets it. False, and untouched: there is none.
  bool pass_on(message_ptr& m) {
    auto it = streams_.find(sender{*m});
    if (it == streams_.end() || !outlet_->env.node.board.find(it->second)) // it has ended
      return false;
    m->header.pop_onward();
    m->header.push_onward(it->second);
    deliver(std::move(m));
    return true;
  }

  /// Senders are other ones each time: those whose streams have ended are forgotten when they are more than the others.
  void remember(const message& m, const address& at) {
    constexpr std::size_t few = 16;
    if (streams_.size() > 2 * outlet_->streams() + few)
      std::erase_if(streams_, [this](auto& e) { return !outlet_->env.node.board.find(e.second); });
    streams_.insert_or_assign(sender{m}, at);
  }

  /// Why it takes no more streams; empty: it does.
  std::string why_full(const message& m) const {
    const auto most = outlet_->options.most_streams;
    const auto of_one_peer = m.is_imported() ? most - most / 16 : most;
    if (outlet_->env.node.reactor.short_of_descriptors())
      return "the node may not open more files";
    if (outlet_->streams() >= most || outlet_->streams_of(peer_name{m}) >= of_one_peer)
      return "max-streams is reached";
    return {};
  }

  void turn_away(message_ptr m, bool tell, const std::string& why) {
    ++outlet_->refused;
    auto& env = outlet_->env;
    env.hostile.write(level::warn, "portal", why, outlet_->title + ": refused a stream: " + why, env.node.reactor.now());
    if (tell)
      reply(std::move(m), encode(farewell{end_reason::refused, why}));
  }

  void refuse(message_ptr m, std::string_view why) {
    ++outlet_->refused;
    auto& env = outlet_->env;
    env.hostile.write(level::warn, "portal", why, outlet_->title + ": " + std::string{why} + ", it is ignored", env.node.reactor.now());
    drop(std::move(m), drop_reason::refused, why);
  }

  std::shared_ptr<outlet> outlet_;
  std::map<sender, address> streams_; ///< with `skip-handshake`
};

} // namespace

outlet::outlet(environment& e, std::string n, target t, stream_options o)
  : end{e, "tcp-outlet " + n, o}, name{std::move(n)}, to{std::move(t)} {}

std::unique_ptr<worker> make_outlet_worker(std::shared_ptr<outlet> of) {
  return std::make_unique<outlet_worker>(std::move(of));
}

} // namespace ockam::portal
