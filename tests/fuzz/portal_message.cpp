// SPDX-License-Identifier: Apache-2.0
#include "portals/portal_message.hpp"

#include "fuzz/targets.hpp"

#include <cstdlib>

namespace ockam::fuzz {

namespace {

void must(bool condition) {
  if (!condition)
    std::abort();
}

bool lies_in(bytes part, bytes whole) {
  return part.empty() || (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

} // namespace

void portal_message(bytes in) {
  using namespace portal;
  auto m = decode(in);
  if (!m)
    return;
  must(lies_in(m->data, in));
  if (m->goodbye) {
    must(lies_in(std::as_bytes(std::span{m->goodbye->text}), in) && m->goodbye->text.size() <= farewell::most_text);
    auto again = encode(*m->goodbye);
    auto same = decode(again.bytes());
    must(same && same->goodbye && same->goodbye->why == m->goodbye->why && same->goodbye->text == m->goodbye->text);
  }
  if (m->what == tag::payload && m->data.size() <= most_data) {
    auto again = encode_copy(m->data, m->counter.value_or(0));
    auto same = decode(again.bytes());
    must(same && same->data.size() == m->data.size() && same->counter == m->counter.value_or(0));
  }
  if (m->what == tag::window || m->what == tag::end)
    must(decode(encode(m->what, m->total).bytes())->total == m->total);
  if (m->greeting)
    must(decode(encode(m->what, *m->greeting).bytes())->greeting->window == m->greeting->window);
}

} // namespace ockam::fuzz
