// SPDX-License-Identifier: Apache-2.0
#include "cli/bench/load_meter.hpp"

#include <algorithm>
#include <arpa/inet.h>

namespace ockam::bench {

namespace {

constexpr std::chrono::seconds patience{10};
constexpr std::size_t max_samples = 1u << 20;

load_meter::clock::duration in(double seconds) {
  return std::chrono::duration_cast<load_meter::clock::duration>(std::chrono::duration<double>(seconds));
}

} // namespace

load_meter::load_meter(const load_options& o)
  : options_{o}, measure_from_{clock::now() + in(o.warmup)}, end_{measure_from_ + in(o.seconds)}, last_reply_{clock::now()} {
  samples_.reserve(max_samples); // no allocation while it is measured
}

void load_meter::aim(probe& p, std::uint64_t number) const {
  if (p.number == 0)
    p = {number, clock::now()};
}

void load_meter::replied(probe& p, std::size_t count, std::uint64_t last) {
  replies_ += count;
  if (p.number == 0 || last < p.number)
    return;
  if (measuring_ && samples_.size() < max_samples)
    samples_.push_back(std::chrono::duration<float, std::micro>(clock::now() - p.sent).count());
  p.number = 0;
}

bool load_meter::goes_on() {
  auto now = clock::now();
  if (replies_ > seen_) {
    seen_ = replies_;
    last_reply_ = now;
  } else if (now - last_reply_ > patience) {
    return false;
  }
  if (!measuring_ && now >= measure_from_) {
    measuring_ = true;
    measure_from_ = now;
    before_ = replies_;
    lost_ = 0;
  }
  if (now < end_)
    return true;
  seconds_ = std::chrono::duration<double>(now - measure_from_).count();
  return false;
}

load_result load_meter::result() {
  if (seconds_ <= 0)
    return failed_load("no reply for 10 s after " + std::to_string(replies_));
  load_result r;
  r.seconds = seconds_;
  r.replies = replies_ - before_;
  r.lost = lost_;
  r.per_second = static_cast<double>(r.replies) / seconds_;
  r.megabytes_per_second = r.per_second * static_cast<double>(options_.bytes) / 1e6;
  std::sort(samples_.begin(), samples_.end());
  auto at = [this](double share) {
    auto last = static_cast<double>(samples_.size()) - 1;
    return samples_.empty() ? 0.0 : static_cast<double>(samples_[static_cast<std::size_t>(share * last)]);
  };
  r.p50_us = at(0.5);
  r.p99_us = at(0.99);
  r.p999_us = at(0.999);
  return r;
}

std::optional<sockaddr_in> target_of(const load_options& o) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(o.port);
  if (::inet_pton(AF_INET, o.host.c_str(), &to.sin_addr) != 1)
    return std::nullopt;
  return to;
}

load_result failed_load(const std::string& why) {
  load_result r;
  r.error = why;
  return r;
}

} // namespace ockam::bench
