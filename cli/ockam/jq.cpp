// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/jq.hpp"

extern "C" {
#include <jq.h>
#include <jv.h>
}

#include <algorithm>
#include <memory>
#include <string_view>

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

/// What an error carries, which need not be text.
std::string text_of(jv message) {
  return take_text(jv_get_kind(message) == JV_KIND_STRING ? message : jv_dump_string(message, 0));
}

/// jq reports on several lines: the first says what is wrong.
void keep_first(void* into, jv message) {
  auto& text = *static_cast<std::string*>(into);
  auto all = take_text(jq_format_error(message));
  if (text.empty())
    text = all.substr(0, all.find('\n'));
}

/// For `input` and `inputs`: there is the one JSON text and no other. libjq does not look whether this is set.
jv no_more_inputs(jq_state*, void*) {
  return jv_invalid();
}

/// Whether a program begins with `import`, `include` or `module`, the only place where jq takes them.
bool wants_modules(std::string_view query) {
  while (true) {
    query.remove_prefix(std::min(query.find_first_not_of(" \t\r\n"), query.size()));
    if (!query.starts_with('#'))
      break;
    query.remove_prefix(std::min(query.find('\n'), query.size()));
  }
  auto word = query.substr(0, query.find_first_not_of("abcdefghijklmnopqrstuvwxyz"));
  return word == "import" || word == "include" || word == "module";
}

/// For what looks for modules in other ways (`modulemeta`): libjq aborts where these are not set.
void set_no_search_path(jq_state* jq) {
  jq_set_attr(jq, jv_string("JQ_LIBRARY_PATH"), jv_array());
  jq_set_attr(jq, jv_string("JQ_ORIGIN"), jv_string("/nonexistent"));
  jq_set_attr(jq, jv_string("PROGRAM_ORIGIN"), jv_string("/nonexistent"));
}

error failed(std::string why) {
  if (why.starts_with("jq: error: "))
    why.erase(0, 11);
  if (why == "break") // what `input` says to `inputs`
    why = "there is no further input";
  return {errc::invalid_argument, "the query of --jq failed: " + why, "for example --jq '.[].node_name'; see: man jq"};
}

} // namespace

struct jq_query::state {
  std::unique_ptr<jq_state, closer> jq{jq_init()};
  std::string trouble;
};

jq_query::jq_query(std::unique_ptr<state> s) : state_{std::move(s)} {}
jq_query::jq_query(jq_query&&) noexcept = default;
jq_query& jq_query::operator=(jq_query&&) noexcept = default;
jq_query::~jq_query() = default;

result<jq_query> jq_query::compile(const std::string& query) {
  if (wants_modules(query))
    return failed("modules cannot be used");
  auto s = std::make_unique<state>();
  jq_set_error_cb(s->jq.get(), &keep_first, &s->trouble);
  jq_set_input_cb(s->jq.get(), &no_more_inputs, nullptr);
  set_no_search_path(s->jq.get());
  if (!jq_compile(s->jq.get(), query.c_str()))
    return failed(s->trouble);
  return jq_query{std::move(s)};
}

result<std::string> jq_query::run(const std::string& text, bool compact) {
  auto* jq = state_->jq.get();
  jq_start(jq, jv_parse_sized(text.data(), static_cast<int>(text.size())), 0);
  std::string out;
  jv next = jq_next(jq);
  for (; jv_is_valid(next); next = jq_next(jq))
    out += take_text(jv_dump_string(next, JV_PRINT_SORTED | (compact ? 0 : JV_PRINT_PRETTY | JV_PRINT_INDENT_FLAGS(2)))) + "\n";
  if (jv_invalid_has_msg(jv_copy(next)))
    return failed(text_of(jv_invalid_get_msg(next)));
  jv_free(next);
  if (jq_halted(jq))
    if (jv code = jq_get_exit_code(jq); jv_is_valid(code)) { // not of a plain `halt`
      jv_free(code);
      return failed(text_of(jq_get_error_message(jq)));
    }
  return out;
}

} // namespace ockam::cli
