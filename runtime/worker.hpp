// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/message.hpp"

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace ockam {

class worker_host;

/// What a service derives from: something with an address that gets messages. Free of CAF types; each
/// worker is run by a CAF actor of its own (`worker_host`), which is how it starts, stops and dies.
///
/// Where it runs is said when it is started (`worker_options`):
/// - *socket*: on the socket thread, called directly. For work of a few microseconds that never blocks.
/// - *pool*: on the pool, through a mailbox. For everything else.
/// All members are called on that one thread, one at a time. An exception that leaves a member ends this
/// worker and no other: its address becomes free, the death is logged and counted.
class worker {
 public:
  virtual ~worker() = default;

  /// The worker has its address and may send. Errors here are exceptions: it is then not started.
  virtual void on_start() {}
  /// A message for this worker; its onward route begins with this worker's address. Answer with `reply`,
  /// pass on with `forward`, or let it go: then it ends here.
  virtual void on_message(message_ptr m) = 0;
  virtual void on_timer(std::uint64_t timer) { (void)timer; }
  /// The last call. The address is already free.
  virtual void on_stop() noexcept {}

 protected:
  const address& self() const noexcept;
  std::string_view node_name() const noexcept;

  /// Sends `body` along the return route of `request`, with this worker as the only return address.
  void reply(message_ptr request, payload body);
  /// The same with the payload that the request has.
  void reply(message_ptr request);
  /// Answers with an error: a report (reason service_error) to a sender that asked for reports, and
  /// `body` as the payload for one that did not.
  void reply_error(message_ptr request, std::string_view detail, payload body);
  /// What a hop does: takes this worker's address off the onward route, puts it in front of the return
  /// route, and sends the message on.
  void forward(message_ptr m);
  /// Sends a message as it is: the caller has edited its routes.
  void deliver(message_ptr m);
  /// A fresh message along `onward`, with this worker as the return address.
  void send(const route& onward, payload body);
  /// Ends the message and counts why; a sender that asked for it is told.
  void drop(message_ptr m, drop_reason why, std::string_view detail = {});

  /// `on_timer` is called once, after `delay`, with the number returned here.
  std::uint64_t set_timer(std::chrono::milliseconds delay);
  /// Ends this worker after the current call.
  void stop();

 private:
  friend class worker_host;
  worker_host* host_ = nullptr;
};

/// What a worker needs of whoever runs it. Two kinds: on the socket thread and on the pool.
class worker_host {
 public:
  const address& self() const noexcept { return self_; }
  std::string_view node_name() const noexcept { return node_name_; }
  virtual void deliver(message_ptr m) = 0;
  virtual void drop(message_ptr m, drop_reason why, std::string_view detail) = 0;
  virtual std::uint64_t set_timer(std::chrono::milliseconds delay) = 0;
  virtual void stop() = 0;

 protected:
  worker_host(address self, std::string node_name) : self_{std::move(self)}, node_name_{std::move(node_name)} {}
  ~worker_host() = default;
  void adopt(worker& w) noexcept { w.host_ = this; }

 private:
  address self_;
  std::string node_name_;
};

} // namespace ockam
