// SPDX-License-Identifier: Apache-2.0
#include "runtime/net/caf_reactor.hpp"

#include <caf/actor_system.hpp>
#include <caf/io/middleman.hpp>

#include <algorithm>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>

namespace ockam {

using caf::io::network::operation;

// -- fd_handler --------------------------------------------------------------------------------------

fd_handler::fd_handler(caf_reactor& r, int fd, listener& l)
  : event_handler{r.backend(), fd}, reactor_{r}, listener_{&l} {
  state_.reading = false;
}

fd_handler::owner fd_handler::make(caf_reactor& r, int fd, listener& l) {
  return owner{new fd_handler{r, fd, l}};
}

void fd_handler::watch_read(bool on) {
  if (state_.reading == on)
    return;
  state_.reading = on;
  if (on)
    backend().add(operation::read, fd_, this);
  else
    backend().del(operation::read, fd_, this);
}

void fd_handler::watch_write(bool on) {
  if (writing_ == on)
    return;
  writing_ = on;
  if (on)
    backend().add(operation::write, fd_, this);
  else
    backend().del(operation::write, fd_, this);
}

void fd_handler::handle_event(operation op) {
  if (!listener_)
    return;
  reactor_.begin_event();
  if (op == operation::write) {
    if (writing_)
      listener_->on_fd_writable();
  } else {
    if (op == operation::propagate_error) // CAF takes the descriptor out of its set after this
      state_.reading = writing_ = false;
    listener_->on_fd_readable();
  }
  reactor_.end_event();
}

void fd_handler::retire() {
  listener_ = nullptr;
  watch_read(false);
  watch_write(false);
  // The lambda owns the handler: it also goes when the loop ends without running it.
  backend().post([self = std::unique_ptr<fd_handler>{this}] {});
}

// -- caf_reactor -------------------------------------------------------------------------------------

/// Comes up when CAF's loop is through with what its last look at the descriptors has found.
class caf_reactor::round_end final : public caf::io::network::multiplexer::runnable {
 public:
  explicit round_end(caf_reactor& r) noexcept : reactor_{&r} {}
  void forget() noexcept { reactor_ = nullptr; }
  resume_result resume(caf::execution_unit*, std::size_t) override {
    if (reactor_)
      reactor_->end_round();
    return done;
  }

 private:
  caf_reactor* reactor_;
};

caf_reactor::caf_reactor(caf::actor_system& sys)
  : backend_{static_cast<caf::io::network::default_multiplexer&>(sys.middleman().backend())},
    round_end_{caf::make_counted<round_end>(*this)} {}

caf_reactor::~caf_reactor() {
  round_end_->forget();
  if (reserve_fd_ >= 0)
    ::close(reserve_fd_);
}

void caf_reactor::open() {
  reserve_fd_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  timer_fd_ = fd_handler::make(*this, timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC), *this);
  timer_fd_->watch_read(true);
  std::lock_guard guard{gate_->lock};
  gate_->open = this;
}

void caf_reactor::close() {
  {
    std::lock_guard guard{gate_->lock};
    gate_->open = nullptr;
  }
  timer_fd_.reset();
  timers_ = {};
  turn_ = nullptr;
}

bool caf_reactor::refuse_one(int listening_fd) {
  if (reserve_fd_ >= 0)
    ::close(reserve_fd_);
  auto fd = ::accept4(listening_fd, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd >= 0)
    ::close(fd);
  reserve_fd_ = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  return fd >= 0;
}

bool caf_reactor::short_of_descriptors() const {
  constexpr rlim_t enough = 16; // for some commands of the operator at one time
  rlimit all{};
  if (::getrlimit(RLIMIT_NOFILE, &all) != 0 || all.rlim_cur == RLIM_INFINITY)
    return false;
  return static_cast<rlim_t>(latest_fd_) + std::min(enough, all.rlim_cur / 8) >= all.rlim_cur;
}

void caf_reactor::post(std::function<void()> f) {
  backend_.post([this, f = std::move(f)] {
    begin_event();
    f();
    end_turn();
  });
}

void caf_reactor::end_event() {
  constexpr std::size_t much = 64u << 10; ///< bytes that are better written while the processor has them at hand
  constexpr std::size_t patience = 16;    ///< rounds with one event, after which the next have one as well
  constexpr std::size_t sample = 8;       ///< events, of which one then looks whether that is still so
  bool together = lone_rounds_ < patience;
  ++events_of_round_;
  if (!round_marked_ && (together || ++events_unmarked_ >= sample)) {
    round_marked_ = true;
    events_of_round_ = 1;
    events_unmarked_ = 0;
    round_end_->ref();
    backend_.exec_later(round_end_.get()); // takes the reference over
  }
  if (!together || bytes_of_turn_ >= much)
    end_turn();
}

void caf_reactor::end_round() {
  lone_rounds_ = events_of_round_ > 1 ? 0 : lone_rounds_ + 1;
  round_marked_ = false;
  end_turn();
}

// -- time --------------------------------------------------------------------------------------------

timer_queue::id caf_reactor::after(std::chrono::milliseconds delay, std::function<void()> fire) {
  auto id = timers_.add(now() + delay, std::move(fire));
  arm();
  return id;
}

void caf_reactor::arm() {
  // A cancelled timer leaves the descriptor armed: one idle wake-up is cheaper than a call each.
  auto next = timers_.next();
  if (!next || *next >= armed_until_ || !timer_fd_)
    return;
  armed_until_ = *next;
  auto wait = std::max(std::chrono::nanoseconds{1}, std::chrono::nanoseconds{*next - now()});
  itimerspec spec{};
  spec.it_value.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(wait).count();
  spec.it_value.tv_nsec = (wait % std::chrono::seconds{1}).count();
  timerfd_settime(timer_fd_->descriptor(), 0, &spec, nullptr);
}

void caf_reactor::on_fd_readable() {
  std::uint64_t expirations = 0;
  if (::read(timer_fd_->descriptor(), &expirations, sizeof(expirations)) < 0 && errno == EAGAIN)
    return;
  armed_until_ = clock::time_point::max();
  timers_.run(now());
  arm();
}

} // namespace ockam
