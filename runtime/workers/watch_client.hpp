// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/switchboard.hpp"
#include "runtime/core/watch_codec.hpp"
#include "runtime/workers/watch_desk.hpp"
#include "runtime/workers/worker.hpp"
#include "runtime/workers/workers.hpp"

#include <map>
#include <memory>
#include <unordered_map>
#include <vector>

namespace ockam {

class watch_session;

/// One watch of this node.
struct open_watch {
  watch_session* session = nullptr;
  std::uint64_t number = 0; ///< of the change that says so; 0: not said yet
  std::string name;         ///< of the worker, on the node where it is
  watcher::ended then;
};

/// Keeps what workers and actors of this node watch (`watch_desk`): a session with each place where what is watched is,
/// that is for each route but its last address. A worker on the socket thread, so that it lives and ends as one; nobody
/// sends it messages, since each session has an address of its own.
class watch_client final : public worker {
 public:
  /// Of all workers and actors of the node together.
  static constexpr std::size_t most = 200'000;
  /// Each asks for a sign of life every two seconds.
  static constexpr std::size_t most_sessions = 4'096;

  explicit watch_client(workers& of);
  ~watch_client();

  void on_start() override;
  void on_message(message_ptr m) override { drop(std::move(m), drop_reason::refused); }
  void on_timer(std::uint64_t timer) override;
  void on_stop() noexcept override;

  // For sessions.
  workers& where() noexcept { return workers_; }
  open_watch& at(watch_id id) { return watches_.at(id); }
  /// Sends for a session, whose address is the message's only return address.
  void send(message_ptr m);
  /// Takes the watch out and tells; it is no longer the session's.
  void end(watch_id id, const error& why);
  /// Begins anew with these, which the session has lost: in another one, with the next tick, lest the other end have us
  /// begin again and again.
  void move(const watch_session& from, const std::vector<watch_id>& ids);
  /// Nothing is left of it; destroyed later, since it is inside one of its own calls.
  void retire(watch_session& s);

 private:
  void hear();
  void watch(watch_id id, watch_order o);
  void unwatch(watch_id id);
  watch_session& session_for(route prefix);

  workers& workers_;
  std::shared_ptr<watch_desk> desk_;
  std::unordered_map<watch_id, open_watch> watches_;
  std::map<route, std::unique_ptr<watch_session>> sessions_; ///< by the route without its last address
  std::vector<std::unique_ptr<watch_session>> retired_;
  std::vector<watch_session*> touched_; ///< by what is being heard: they have something to say
  bool ticks_ = false;
};

} // namespace ockam
