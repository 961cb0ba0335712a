// SPDX-License-Identifier: Apache-2.0
#include "runtime/control/control.hpp"

#include "runtime/control/session.hpp"
#include "runtime/control/handlers.hpp"
#include "runtime/core/log.hpp"

#include <map>
#include <unistd.h>

namespace ockam {

namespace {

class control_worker final : public worker, private net::acceptor_events, private responder {
 public:
  control_worker(live_parts n, std::string path, stop_desk& stopping) : path_{std::move(path)}, handlers_{n, stopping, *this} {}

  void on_start() override {
    auto a = node().reactor.listen_unix(path_, 0600, *this);
    if (!a)
      throw std::runtime_error{to_string(a.error())};
    acceptor_ = std::move(*a);
  }

  void on_message(message_ptr m) override { drop(std::move(m), drop_reason::bad_route, "not a service"); }

  void on_stop() noexcept override {
    acceptor_.reset();
    handlers_.cancel_all();
    // A session that cannot write ends, and would be taken out of the table meanwhile.
    for (auto& [id, s] : std::exchange(sessions_, {}))
      s->flush();
  }

 private:
  const node_context& node() const { return handlers_.node(); }

  void on_accept(net::stream_ptr s) override {
    auto uid = s->peer_uid();
    if (uid != static_cast<std::int64_t>(::geteuid()) && uid != 0)
      return node().board.refused().add(refusal::foreign_user);
    auto id = ++last_session_;
    control_session::events e{
      [this](control_session& from, control::Request r) { handlers_.handle(from.id(), std::move(r)); },
      [this](control_session& over, std::string why) { ended(over, std::move(why)); }};
    sessions_.emplace(id, std::make_unique<control_session>(id, std::move(s), std::move(e)));
  }

  void on_out_of_descriptors() override {
    node().board.refused().add(refusal::out_of_descriptors);
  }

  void ended(control_session& over, std::string why) {
    if (!why.empty()) {
      node().board.refused().add(refusal::bad_request);
      log(level::warn, "control", "closed a control connection: " + why);
    }
    auto it = sessions_.find(over.id());
    if (it == sessions_.end())
      return;
    handlers_.cancel(over.id());
    // Inside one of its own calls: it goes after this event.
    std::shared_ptr<control_session> last{std::move(it->second)};
    sessions_.erase(it);
    node().reactor.post([last] {});
  }

  // responder
  void respond(std::uint64_t session, const control::Response& r) override {
    if (auto it = sessions_.find(session); it != sessions_.end())
      it->second->send(r);
  }

  std::string path_;
  net::acceptor_ptr acceptor_;
  std::map<std::uint64_t, std::unique_ptr<control_session>> sessions_;
  std::uint64_t last_session_ = 0;
  control_handlers handlers_;
};

} // namespace

std::unique_ptr<worker> make_control(live_parts n, const std::string& socket_path, stop_desk& stopping) {
  return std::make_unique<control_worker>(n, socket_path, stopping);
}

} // namespace ockam
