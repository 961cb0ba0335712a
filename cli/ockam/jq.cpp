// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/jq.hpp"

extern "C" {
#include <jq.h>
#include <jv.h>
}

#include <memory>

namespace ockam::cli {

namespace {

struct closer {
  void operator()(jq_state* s) const { jq_teardown(&s); }
};

/// The text of a jv string, which it takes over.
std::string take_text(jv s) {
  std::string out{jv_string_value(s), static_cast<std::size_t>(jv_string_length_bytes(jv_copy(s)))};
  jv_free(s);
  return out;
}

/// jq reports on several lines: the first says what is wrong.
void keep_first(void* into, jv message) {
  auto& text = *static_cast<std::string*>(into);
  auto all = take_text(jq_format_error(message));
  if (text.empty())
    text = all.substr(0, all.find('\n'));
}

error failed(std::string why) {
  if (why.starts_with("jq: error: "))
    why.erase(0, 11);
  return {errc::invalid_argument, "the query of --jq failed: " + why, "for example --jq '.[].node_name'; see: man jq"};
}

} // namespace

result<std::string> run_jq(const std::string& query, const std::string& text, bool compact) {
  std::unique_ptr<jq_state, closer> jq{jq_init()};
  std::string trouble;
  jq_set_error_cb(jq.get(), &keep_first, &trouble);
  if (!jq_compile(jq.get(), query.c_str()))
    return failed(trouble);
  jq_start(jq.get(), jv_parse_sized(text.data(), static_cast<int>(text.size())), 0);
  std::string out;
  jv next = jq_next(jq.get());
  for (; jv_is_valid(next); next = jq_next(jq.get()))
    out += take_text(jv_dump_string(next, JV_PRINT_SORTED | (compact ? 0 : JV_PRINT_PRETTY | JV_PRINT_INDENT_FLAGS(2)))) + "\n";
  if (jv_invalid_has_msg(jv_copy(next))) {
    jv message = jv_invalid_get_msg(next);
    if (jv_get_kind(message) != JV_KIND_STRING)
      message = jv_dump_string(message, 0);
    return failed(take_text(message));
  }
  jv_free(next);
  return out;
}

} // namespace ockam::cli
