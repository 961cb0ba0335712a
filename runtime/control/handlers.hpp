// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/control/control.hpp"
#include "runtime/links/live_parts.hpp"

#include "proto/control.pb.h"

#include <functional>
#include <list>
#include <map>
#include <set>
#include <utility>

namespace ockam {

/// Where answers go: the session may have ended meanwhile, which is not an error.
class responder {
 public:
  virtual void respond(std::uint64_t session, const control::Response& r) = 0;

 protected:
  ~responder() = default;
};

/// The requests of `control.proto`, one function each. Socket thread only.
class control_handlers {
 public:
  control_handlers(live_parts n, stop_desk& stopping, responder& out);
  ~control_handlers();

  const node_context& node() const noexcept { return parts_.node; }
  void handle(std::uint64_t session, control::Request r);
  /// Gives up what this session (or any) waits for.
  void cancel(std::uint64_t session);
  void cancel_all();

 private:
  /// Who asked, for answers that come later.
  struct requester {
    std::uint64_t session;
    std::uint32_t request;
  };
  class pending_request;  // a message on its way, with its reply address and deadline
  class sending;
  class tracing;
  class benching;

  void answer(requester to, control::Response r);
  void answer(requester to, const error& e);
  void done(requester to);
  /// Done or the error.
  void answer(requester to, const result<void>& r);

  void begin(requester from, control::Request r, std::chrono::milliseconds timeout);
  void stop_node(requester from, const control::StopNode& m);
  void show_node(requester from);
  void send_message(requester from, control::SendMessage&& m, std::chrono::milliseconds timeout);
  void trace_route(requester from, const control::TraceRoute& m, std::chrono::milliseconds timeout);
  void bench_route(requester from, const control::BenchRoute& m);
  void start_service(requester from, const control::StartService& m, std::chrono::milliseconds timeout);
  void stop_service(requester from, const control::StopService& m);
  void list_services(requester from);
  void list_workers(requester from, const control::ListWorkers& m);
  void show_worker(requester from, const control::ShowWorker& m);
  void create_listener(requester from, const control::CreateListener& m);
  bool has_listener() const;
  void list_listeners(requester from, const std::string& transport_name);
  void create_connection(requester from, const control::CreateConnection& m, std::chrono::milliseconds timeout);
  void list_connections(requester from, const std::string& transport_name);
  void delete_one(requester from, const std::string& transport_name, const std::string& address,
                  result<std::string> (control_handlers::*close)(transport&, std::string_view), std::string_view suffix);
  /// The address of what was closed; empty for a link that belongs to no connection.
  result<std::string> close_listener(transport& t, std::string_view which);
  result<std::string> close_connection(transport& t, std::string_view which);
  /// Answers when what was made by hand is written down; undoes it, and says why, when that cannot be.
  void keep(config_section s, std::string handle, requester to, control::Response r, std::function<void()> undo);
  /// Answers when what was ended by hand is written down, or with why it could not be.
  void let_go(const std::string& kind, const std::string& handle, requester to);
  void create_item(requester from, const control::CreateItem& m);
  void list_items(requester from, const control::ListItems& m);
  void delete_item(requester from, const control::DeleteItem& m);
  result<facility*> facility_of(const std::string& kind) const;
  /// Answers with the one, or with nothing when it has ended meanwhile.
  control::Response item_of(const std::string& kind, const std::string& name) const;
  void compare_config(requester from);
  void add_consumer(requester from, const control::AddConsumer& m);
  /// Kind and handle of the section that has this flow control id; empty when it is of none.
  std::pair<std::string, std::string> section_with(std::uint32_t flow) const;
  /// A service of this session has started: it ends with it, now if the session has ended meanwhile.
  void belongs(const address& at, requester to);
  void end_services_of(std::uint64_t session);
  /// What undoes the start of a service at this address, which has not begun yet.
  std::function<void()> undo_of_start(const address& at) const;
  /// Takes a request off the list; it goes after this event. False when it is not there. Called before its
  /// answer is sent: an answer that cannot be written ends the session, which cancels all that it waits for.
  bool finished(pending_request& p);
  /// Whether a message may begin. Error: `limit_reached`.
  result<void> has_memory() const;
  void launch(std::unique_ptr<pending_request> p, std::uint32_t flags);
  /// With the channels that it names.
  result<made_route> route_of(const std::string& text) const;
  /// Which worker at the beginning of a route has not returned for longer than the watchdog allows, in words; empty when
  /// none is known.
  std::string who_does_not_return(const route& r) const;
  /// `x`, `0#x`, `/worker/x` and `/service/x` are the same address for who types it.
  static address as_address(std::string_view text);

  live_parts parts_;
  stop_desk& stopping_;
  std::multiset<std::pair<std::uint64_t, std::uint32_t>> unanswered_; ///< sessions and their requests
  std::multimap<std::uint64_t, std::pair<address, std::uint64_t>> of_sessions_; ///< sessions and the workers that end with them: `worker_entry::host`
  responder& out_;
  std::list<std::unique_ptr<pending_request>> under_way_;
  std::shared_ptr<const bool> here_ = std::make_shared<const bool>(true); ///< for answers of parts that live longer
  std::set<timer_queue::id> starting_; ///< deadlines of services that have been asked for
};

} // namespace ockam
