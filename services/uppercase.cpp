// SPDX-License-Identifier: Apache-2.0
#include "services/uppercase.hpp"

#include "runtime/core/bare.hpp"

#include <cstdlib>
#include <memory>
#include <unicase.h>

namespace ockam {

void uppercase::on_message(message_ptr m) {
  auto text = bare::decode_string(m->body.bytes());
  if (!text)
    return drop(std::move(m), drop_reason::service_error, "the payload is not a BARE string in UTF-8");
  std::size_t size = 0;
  std::unique_ptr<std::uint8_t, decltype(&std::free)> upper{
    u8_toupper(reinterpret_cast<const std::uint8_t*>(text->data()), text->size(), nullptr, nullptr, nullptr, &size), &std::free};
  if (!upper)
    return drop(std::move(m), drop_reason::service_error, "out of memory");
  auto body = bare::encode_string({reinterpret_cast<const char*>(upper.get()), size});
  reply_from_budget(std::move(m), payload{body});
}

} // namespace ockam
