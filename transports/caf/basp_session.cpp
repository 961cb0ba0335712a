// SPDX-License-Identifier: Apache-2.0
#include "transports/caf/basp_session.hpp"

#include <caf/actor_registry.hpp>
#include <caf/binary_serializer.hpp>
#include <caf/exit_reason.hpp>
#include <caf/io/basp/version.hpp>
#include <caf/io/basp_broker.hpp>
#include <caf/io/broker.hpp>
#include <caf/io/middleman.hpp>
#include <caf/io/scribe.hpp>
#include <caf/send.hpp>

#include <algorithm>
#include <set>

namespace ockam {

namespace {

/// The two messages of a link; both carry one text.
using hello_atom = caf::atom_constant<caf::atom("hello")>;
using bytes_atom = caf::atom_constant<caf::atom("bytes")>;

/// A broker knows its connections by number, and ours has one.
const auto the_connection = caf::io::connection_handle::from_int(1);
/// Under which number the end is published for that one handshake.
constexpr std::uint16_t the_port = 1;

/// Buffers of idle connections are not larger.
constexpr std::size_t largest_kept = 4096;

/// What CAF's broker takes for the socket. Framing is the gate's work, so `configure_read` has nothing to do.
class socket_scribe final : public caf::io::scribe {
 public:
  explicit socket_scribe(basp_session::owner& o) : caf::io::scribe{the_connection}, owner_{&o} {}

  void leave() noexcept { owner_ = nullptr; }
  /// Hands one header or payload to the broker. False when it no longer listens.
  bool deliver(caf::execution_unit* unit, std::vector<char>& bytes) {
    in_.swap(bytes);
    auto ok = consume(unit, in_.data(), in_.size());
    in_.swap(bytes);
    return ok && !detached();
  }

  void configure_read(caf::io::receive_policy::config) override {}
  void ack_writes(bool) override {}
  std::vector<char>& wr_buf() override { return out_; }
  std::vector<char>& rd_buf() override { return in_; }
  void flush() override {
    if (owner_ && !out_.empty())
      owner_->write(std::as_bytes(std::span{out_}));
    out_.clear();
    if (out_.capacity() > largest_kept)
      out_ = {};
  }
  void graceful_shutdown() override { detach(nullptr, false); }
  void remove_from_loop() override {}
  void add_to_loop() override {}
  std::string addr() const override { return {}; }
  std::uint16_t port() const override { return the_port; }

 private:
  basp_session::owner* owner_;
  std::vector<char> in_, out_;
};
using scribe_ref = caf::intrusive_ptr<socket_scribe>;

/// BASP BROKER: CAF's own, for one connection.
class link_basp final : public caf::io::basp_broker {
 public:
  link_basp(caf::actor_config& cfg, basp_session::owner& o) : basp_broker{cfg}, owner_{&o} {}

  void leave() noexcept { owner_ = nullptr; }
  const char* name() const override { return "link-basp"; }
  void on_exit() override {
    basp_broker::on_exit();
    if (auto* o = std::exchange(owner_, nullptr))
      o->on_lost({errc::closed, "CAF has ended the connection", {}});
  }
  // CAF would make an actor here for each peer that it meets, to spawn actors over there.
  void learned_new_node_directly(const caf::node_id&, bool) override {}
  void learned_new_node_indirectly(const caf::node_id&) override {}

  /// What a proxy's message to this broker would do, without the mailbox: when this returns the bytes are
  /// with the owner, so that what is not written yet is known exactly.
  void send_to(const caf::node_id& node, caf::actor_id actor, const caf::strong_actor_ptr& from, const caf::message& what) {
    instance.dispatch(context(), from, {}, node, actor, 0, caf::make_message_id(), what);
  }

 private:
  basp_session::owner* owner_;
};

/// END: the actor that the peer's end writes to.
///
/// | message              | effect                                                                   |
/// |----------------------|--------------------------------------------------------------------------|
/// | `hello_atom, string` | the first: remembers the sender, tells the owner                          |
/// | `bytes_atom, string` | tells the owner                                                           |
class link_end final : public caf::io::broker {
 public:
  link_end(caf::actor_config& cfg, basp_session::owner& o, basp_gate::side side, caf::actor basp, scribe_ref socket)
    : broker{cfg}, connecting{side == basp_gate::side::client}, owner_{&o}, side_{side}, basp_{std::move(basp)}, socket_{std::move(socket)} {}

  void leave() noexcept { owner_ = nullptr; }
  const char* name() const override { return "link-end"; }

  caf::behavior make_behavior() override {
    set_default_handler(caf::drop);
    connect();
    return {
      [this](hello_atom, const std::string& text) {
        arrived();
        if (!owner_)
          return;
        if (side_ == basp_gate::side::server)
          remember(current_sender());
        owner_->on_hello(text);
      },
      [this](bytes_atom, std::string& bytes) {
        arrived();
        if (owner_)
          owner_->on_bytes(std::move(bytes));
      },
    };
  }

  void on_exit() override {
    basp_ = nullptr;
    socket_ = nullptr;
    in_transit = 0; // none of it is heard of any more
    if (auto* o = std::exchange(owner_, nullptr))
      o->on_lost({errc::internal, "the actor of the connection has ended", {}});
  }

  /// The peer's end.
  caf::node_id peer_node;
  caf::actor_id peer_actor = caf::invalid_actor_id;
  bool connecting = false;    ///< a client's handshake is under way: its outcome will be told
  std::size_t in_transit = 0; ///< messages that CAF has and this has not

 private:
  void arrived() noexcept {
    if (in_transit > 0)
      --in_transit;
  }

  void remember(const caf::strong_actor_ptr& peer) {
    if (!peer)
      return;
    peer_node = peer->node();
    peer_actor = peer->id();
  }

  void connect() {
    caf::io::scribe_ptr socket = std::exchange(socket_, nullptr);
    if (side_ == basp_gate::side::server)
      return send(basp_, caf::publish_atom::value, std::move(socket), the_port, caf::strong_actor_ptr{ctrl()},
                  std::set<std::string>{});
    // The peer reaches by number only what is in the registry; it comes out again when the actor ends.
    system().registry().put(id(), caf::strong_actor_ptr{ctrl()});
    request(basp_, caf::infinite, caf::connect_atom::value, std::move(socket), the_port)
      .then(
        [this](const caf::node_id& node, const caf::strong_actor_ptr& peer, const std::set<std::string>&) {
          connecting = false;
          if (!owner_)
            return;
          remember(peer);
          if (node == system().node())
            owner_->on_lost({errc::invalid_address, "that is a caf listener of this node itself", {}});
          else if (peer_actor == caf::invalid_actor_id)
            owner_->on_lost({errc::malformed, "the peer is a CAF program, but not a caf listener of a node", {}});
          else
            owner_->on_connected();
        },
        [this](const caf::error& e) {
          connecting = false;
          if (owner_)
            owner_->on_lost({errc::closed, "the peer did not finish the handshake: " + system().render(e), {}});
        });
  }

  basp_session::owner* owner_;
  basp_gate::side side_;
  caf::actor basp_;
  scribe_ref socket_;
};

/// How CAF itself encodes a message of this kind, up to the size of its text.
template <class Atom>
std::string beginning(caf::actor_system& sys) {
  std::vector<char> out;
  caf::binary_serializer sink{sys, out};
  std::vector<caf::strong_actor_ptr> stages;
  auto what = caf::make_message(Atom::value, std::string{});
  if (sink(stages, what) || out.empty())
    return {};
  return {out.begin(), out.end() - 1};
}

const basp_gate::dialect& dialect_of(caf::actor_system& sys) {
  static const basp_gate::dialect d{caf::io::basp::version, caf::make_message_id().integer_value(),
                                    beginning<hello_atom>(sys), beginning<bytes_atom>(sys)};
  return d;
}

class caf_session final : public basp_session {
 public:
  caf_session(caf::actor_system& sys, basp_gate::side side, owner& o)
    : unit_{sys.middleman().backend()}, socket_{caf::make_counted<socket_scribe>(o)} {
    caf::actor_config basp_cfg{&unit_}, end_cfg{&unit_};
    basp_handle_ = sys.spawn_class<link_basp, caf::no_spawn_options>(basp_cfg, o);
    end_handle_ = sys.spawn_class<link_end, caf::no_spawn_options>(end_cfg, o, side, basp_handle_, socket_);
    basp_ = static_cast<link_basp*>(caf::actor_cast<caf::abstract_actor*>(basp_handle_));
    end_ = static_cast<link_end*>(caf::actor_cast<caf::abstract_actor*>(end_handle_));
    gate_.emplace(side, end_->id(), dialect_of(sys));
  }

  ~caf_session() override {
    socket_->leave();
    basp_->leave();
    end_->leave();
    caf::anon_send_exit(end_handle_, caf::exit_reason::user_shutdown);
    caf::anon_send_exit(basp_handle_, caf::exit_reason::user_shutdown);
  }

  bool take(std::span<const std::byte> in) override {
    if (fresh_ && !in.empty()) {
      fresh_ = false;
      if (!gate_->may_begin(in.front()))
        return fail(refusal::wrong_preamble, "does not begin with a BASP handshake");
    }
    while (!in.empty() && !given_up_) {
      auto more = std::min(in.size(), wanted_ - frame_.size());
      auto* first = reinterpret_cast<const char*>(in.data());
      frame_.insert(frame_.end(), first, first + more);
      in = in.subspan(more);
      if (frame_.size() < wanted_)
        return true;
      if (!(header_ ? take_payload() : take_header()))
        return false;
    }
    return true;
  }

  std::string_view problem() const override { return problem_; }
  refusal reason() const override { return reason_; }
  bool in_transit() const override { return end_->in_transit > 0; }

  void send_hello(std::string text) override {
    send(caf::strong_actor_ptr{end_->ctrl()}, caf::make_message(hello_atom::value, std::move(text)));
  }
  void send_bytes(std::string bytes) override {
    send(nullptr, caf::make_message(bytes_atom::value, std::move(bytes)));
  }

 private:
  bool fail(refusal why, std::string_view what) {
    reason_ = why;
    problem_ = what;
    return false;
  }

  void send(const caf::strong_actor_ptr& from, const caf::message& what) {
    if (end_->peer_actor != caf::invalid_actor_id && !basp_->getf(caf::abstract_actor::is_terminated_flag))
      basp_->send_to(end_->peer_node, end_->peer_actor, from, what);
  }

  bool take_header() {
    auto bytes = std::as_bytes(std::span{frame_}).first<basp_gate::header_bytes>();
    auto payload = gate_->header(bytes);
    if (!payload)
      return fail(gate_->reason(), gate_->problem());
    if (*payload == 0)
      return take_payload();
    header_.emplace(std::move(frame_));
    frame_.clear();
    frame_.reserve(*payload);
    wanted_ = *payload;
    return true;
  }

  bool take_payload() {
    auto what = gate_->payload(std::as_bytes(std::span{frame_}));
    auto header = std::move(header_);
    header_.reset();
    wanted_ = basp_gate::header_bytes;
    switch (what) {
      case basp_gate::verdict::refuse: return fail(gate_->reason(), gate_->problem());
      case basp_gate::verdict::finish: return false;
      case basp_gate::verdict::ignore: break;
      case basp_gate::verdict::message:
      case basp_gate::verdict::pass:
        given_up_ = !socket_->deliver(&unit_, *header) || !socket_->deliver(&unit_, frame_);
        if (what == basp_gate::verdict::message && !given_up_)
          ++end_->in_transit;
    }
    frame_.clear();
    if (frame_.capacity() > largest_kept)
      frame_ = {};
    // CAF has its reasons while it shakes hands, and tells them later.
    return !given_up_ || end_->connecting || fail(refusal::malformed_frame, "sent a BASP message that CAF does not take");
  }

  caf::io::network::multiplexer& unit_;
  scribe_ref socket_;
  caf::actor basp_handle_, end_handle_;
  link_basp* basp_ = nullptr;
  link_end* end_ = nullptr;
  std::optional<basp_gate> gate_;
  std::optional<std::vector<char>> header_; ///< judged; its payload is coming in
  std::vector<char> frame_;
  std::size_t wanted_ = basp_gate::header_bytes;
  bool fresh_ = true;
  bool given_up_ = false; ///< by CAF
  refusal reason_ = refusal::malformed_frame;
  std::string_view problem_;
};

} // namespace

std::unique_ptr<basp_session> basp_session::make(caf::actor_system& sys, basp_gate::side side, owner& o) {
  return std::make_unique<caf_session>(sys, side, o);
}

} // namespace ockam
