// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/actor_request.hpp"

#include "runtime/core/free_list.hpp"

#include <caf/make_message.hpp>
#include <caf/sec.hpp>

#include <stdexcept>
#include <typeinfo>

namespace ockam {

std::string received::text() const {
  if (auto t = message().text())
    return std::string{*t};
  throw std::invalid_argument{"the payload is not text"};
}

std::string received::text_or(std::string_view otherwise) const {
  return std::string{message().text().value_or(otherwise)};
}

content text(std::string_view t) { return content{text_payload(t)}; }

content bytes(std::span<const std::byte> b) { return content{b}; }

namespace {

thread_local free_list blocks{256}; // about 50 KB

} // namespace

void* content::shared::operator new(std::size_t size) {
  return blocks.take(size);
}

void content::shared::operator delete(void* p) noexcept {
  blocks.give(p);
}

/// There is one object for the type: calls are made in this library alone.
request_call* request_call::of(caf::detail::invoke_result_visitor& hears) noexcept {
  if (&typeid(hears) != &typeid(request_call))
    return nullptr;
  auto& call = static_cast<request_call&>(hears);
  return call.what_ ? &call : nullptr;
}

void request_call::operator()(caf::error& e) {
  hear(caf::make_message(std::move(e)));
}

void request_call::operator()(const caf::none_t&) {
  hear(caf::make_message(caf::make_error(caf::sec::unexpected_response)));
}

} // namespace ockam
