// SPDX-License-Identifier: Apache-2.0
#include "transports/stream/layered_stream.hpp"

#include <utility>

namespace ockam {

layered_stream::layered_stream(net::reactor& r, net::stream_ptr below) : reactor_{r}, below_{std::move(below)} {}

layered_stream::~layered_stream() {
  *alive_ = false;
}

void layered_stream::attach(net::stream_events* owner) {
  owner_ = owner;
  below_->attach(this);
  begin();
  update();
}

void layered_stream::watch_read(bool on) {
  reading_ = on;
  below_->watch_read(on);
  update();
}

void layered_stream::watch_write(bool on) {
  writing_ = on;
  update();
}

void layered_stream::update() {
  below_->watch_write(has_output() || (writing_ && may_write()));
  if (reading_ && has_buffered())
    notify_reader();
}

void layered_stream::notify_reader() {
  if (std::exchange(notified_, true))
    return;
  reactor_.post([this, alive = alive_] {
    if (!*alive)
      return;
    notified_ = false;
    if (reading_)
      owner_->on_readable();
  });
}

void layered_stream::on_writable() {
  write_output();
  update();
  if (writing_ && may_write() && !has_output())
    owner_->on_writable();
}

} // namespace ockam
