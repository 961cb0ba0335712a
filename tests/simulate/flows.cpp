// SPDX-License-Identifier: Apache-2.0
#include "simulate/flows.hpp"

#include <algorithm>
#include <charconv>

namespace ockam::simulate {

namespace {

std::uint64_t digest(const route& r) {
  std::uint64_t h = 14695981039346656037u;
  for (const auto& a : r) {
    for (unsigned char c : a.name)
      h = (h ^ c) * 1099511628211u;
    h = (h ^ 0x100) * 1099511628211u;
  }
  return h;
}

} // namespace

flow& flows::open(std::string name) {
  auto& f = *all_.emplace_back(std::make_unique<flow>());
  f.number = static_cast<std::uint32_t>(all_.size() - 1);
  f.name = "f" + std::to_string(f.number) + " " + std::move(name);
  return f;
}

std::string flows::next_payload(flow& f, std::size_t size) {
  auto s = std::to_string(f.number) + ":" + std::to_string(f.sent) + ":";
  s.resize(std::max(s.size(), size), '.');
  if (f.is_probe)
    f.unanswered.emplace_back(f.sent, journal_.now());
  ++f.sent;
  return s;
}

void flows::arrived(std::string_view payload, const route& back) {
  if (payload.empty()) {
    ++reports_;
    journal_.mark("report", reports_);
    return;
  }
  std::uint32_t which = 0;
  std::uint64_t number = 0;
  const auto* last = payload.data() + payload.size();
  auto [colon, bad] = std::from_chars(payload.data(), last, which);
  if (bad == std::errc{} && colon != last && *colon == ':')
    bad = std::from_chars(colon + 1, last, number).ec;
  if (bad != std::errc{} || which >= all_.size() || number >= all_[which]->sent)
    return journal_.violated(invariant::accounting, "a message arrived that nobody has sent: " + std::string{payload.substr(0, 40)});
  auto& f = *all_[which];
  ++f.arrived;
  journal_.mark("arrived", std::uint64_t{which} << 40 | number);
  check_order(f, number, digest(back));
  while (!f.unanswered.empty() && f.unanswered.front().first <= number)
    f.unanswered.pop_front();
}

void flows::check_order(flow& f, std::uint64_t number, std::uint64_t path) {
  auto [it, first] = f.last.try_emplace(path, number);
  if (!first && number <= it->second)
    journal_.violated(invariant::order, f.name + ": number " + std::to_string(number) + " came after " + std::to_string(it->second)
                                          + " by the same path");
  if (f.is_stream && !f.touched && f.arrived != number + 1) // what a connection took along, only the ends can miss
    journal_.violated(invariant::no_holes, f.name + ": number " + std::to_string(number) + " came as the "
                                             + std::to_string(f.arrived) + ". message of its stream");
  it->second = number;
}

} // namespace ockam::simulate
