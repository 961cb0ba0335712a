// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/typed_format.hpp"

#include "runtime/core/address.hpp"
#include "runtime/core/guarded.hpp"
#include "runtime/workers/actor_error.hpp"

#include <algorithm>

namespace ockam {

namespace {

//   request:  01 FLAGS HASH(8) MESSAGE arguments                FLAGS: 01 wants an answer
//   answer:   01 00 MESSAGE values
//             01 01 CODE CATEGORY(8) WORDS                      what the actor answered with an error
//             01 02 INTERFACE                                   the request is of another one
// Big endian; MESSAGE is a LEB128 number, WORDS and INTERFACE are BARE strings.
constexpr std::uint8_t version = 1;
constexpr std::uint8_t wants_an_answer = 1;
constexpr const char* cannot_be_written = "a value that is nested deeper than 64, or that its type refuses to write";
enum class kind : std::uint8_t { values = 0, error = 1, other_interface = 2 };
/// Of words and of interfaces that are told.
constexpr std::size_t most_text = 4096;

/// FNV-1a (http://www.isthe.com/chongo/tech/comp/fnv). Keeps mistakes away, not enemies: what comes is checked whatever
/// it says.
std::uint64_t hash_of(std::string_view text) {
  std::uint64_t h = 0xcbf29ce484222325;
  for (auto c : text)
    h = (h ^ static_cast<std::uint8_t>(c)) * 0x100000001b3;
  return h;
}

/// Where a payload is written before it is one; the memory stays with the thread, unless it is much.
class scratch {
 public:
  scratch() { bytes_.clear(); }
  ~scratch() {
    if (bytes_.capacity() <= 64u << 10)
      kept_ = std::move(bytes_);
  }
  scratch(const scratch&) = delete;
  scratch& operator=(const scratch&) = delete;
  std::vector<std::byte>& bytes() { return bytes_; }

 private:
  static thread_local std::vector<std::byte> kept_;
  std::vector<std::byte> bytes_ = std::move(kept_);
};
thread_local std::vector<std::byte> scratch::kept_;

void append_text(std::vector<std::byte>& out, std::string_view text) {
  bare::append_string(out, text.substr(0, most_text));
}

payload answer_of(kind k, std::string_view text) {
  scratch s;
  typed::writer w{s.bytes()};
  w.write(version);
  w.write(k);
  append_text(s.bytes(), text);
  return payload{s.bytes()};
}

/// Code of types may throw: of a save callback, for instance.
template <class F>
bool holds(F&& f) {
  bool ok = false;
  return !guarded([&] { ok = f(); }) && ok;
}

caf::mailbox_element_ptr error_element(caf::strong_actor_ptr from, caf::message_id id, caf::error e) {
  return caf::make_mailbox_element(std::move(from), id, {}, std::move(e));
}

/// Whether `form` is among the lines of an interface.
bool has_line(std::string_view interface, std::string_view form) {
  for (std::size_t at = 0; at <= interface.size();) {
    auto end = std::min(interface.find('\n', at), interface.size());
    if (interface.substr(at, end - at) == form)
      return true;
    at = end + 1;
  }
  return false;
}

} // namespace

typed_format::typed_format(std::vector<typed_signature> all) : all_{std::move(all)} {
  std::sort(all_.begin(), all_.end(), [](const auto& l, const auto& r) { return l.text() < r.text(); });
  for (const auto& s : all_)
    text_ += (text_.empty() ? "" : "\n") + s.text();
  hash_ = hash_of(text_);
  words_ = text_.substr(0, 150); // a report has not much room
  for (auto at = words_.find('\n'); at != std::string::npos; at = words_.find('\n', at))
    words_.replace(at, 1, "; ");
}

std::string typed_format::difference(std::string_view theirs) const {
  for (const auto& s : all_)
    if (!has_line(theirs, s.text()) && theirs.size() < most_text)
      return "the other end has no " + s.text();
  for (std::size_t at = 0; at < theirs.size();) {
    auto end = std::min(theirs.find('\n', at), theirs.size());
    auto line = theirs.substr(at, end - at);
    if (!has_line(text_, line))
      return "the other end has another interface, with " + printable(line.substr(0, 200));
    at = end + 1;
  }
  return "the other end has another interface";
}

caf::error typed_format::write_request(caf::type_erased_tuple& what, bool wants_answer, request& out) const {
  auto which = std::find_if(all_.begin(), all_.end(), [&](const auto& s) { return s.asks.matches(what); });
  if (which == all_.end())
    return caf::make_error(caf::sec::unexpected_message);
  scratch s;
  auto& bytes = s.bytes();
  typed::writer w{bytes};
  w.write(version);
  w.write(static_cast<std::uint8_t>(wants_answer ? wants_an_answer : 0));
  w.write(hash_);
  out.form = static_cast<std::uint32_t>(which - all_.begin());
  bare::append_uint(bytes, out.form);
  if (!holds([&] { return which->asks.write(w, what); }))
    return to_caf({errc::invalid_argument, cannot_be_written, {}});
  out.body.assign(bytes);
  return {};
}

caf::mailbox_element_ptr typed_format::read_reply(message_ptr m, std::uint32_t form, caf::strong_actor_ptr from,
                                                  caf::message_id id) const {
  typed::reader in{m->bytes()};
  std::uint8_t v = 0;
  auto k = kind::values;
  auto malformed = [&] {
    return error_element(std::move(from), id,
                         to_caf({errc::malformed, "what came back is no answer of this interface", {}}));
  };
  if (!in.read(v) || v != version || !in.read(k))
    return malformed();
  if (k == kind::values) {
    if (in.number() != form)
      return malformed();
    caf::mailbox_element_ptr out;
    return holds([&] { return (out = all_[form].answers.read(in, from, id)) != nullptr; }) ? std::move(out)
                                                                                           : malformed();
  }
  std::string text;
  if (k == kind::other_interface)
    return in.read(text) && in.at_end()
             ? error_element(std::move(from), id, to_caf({errc::unsupported, difference(text), {}}))
             : malformed();
  std::uint8_t code = 0;
  caf::atom_value category{};
  if (k != kind::error || !in.read(code) || !in.read(category) || !in.read(text) || !in.at_end() || code == 0)
    return malformed();
  auto words = printable(std::string_view{text}.substr(0, most_text));
  // Of this category are errors on the way: an actor that answers with one must not say that it was not reached.
  if (auto e = caf::error{code, category, caf::make_message(words)}; !is_ours(e))
    return error_element(std::move(from), id, std::move(e));
  return error_element(std::move(from), id, to_caf({errc::service_failed, std::move(words), {}}));
}

bool typed_format::read_request(const shared_message_ptr& m, const caf::strong_actor_ptr& from, caf::message_id id,
                                asked& out, answer& no) const {
  typed::reader in{m->get().bytes()};
  std::uint8_t v = 0, flags = 0;
  std::uint64_t hash = 0;
  auto refused = [&] {
    no.failure = "this is no message of the interface of this service, which is " + words_;
    return false;
  };
  if (!in.read(v) || v != version || !in.read(flags) || !in.read(hash))
    return refused();
  if (hash != hash_) {
    no = {answer_of(kind::other_interface, text_), "it asked by another interface"};
    return false;
  }
  auto form = in.number();
  if (!form || *form >= all_.size())
    return refused();
  if (!holds([&] { return (out.what = all_[*form].asks.read(in, from, id)) != nullptr; }))
    return refused();
  out.form = static_cast<std::uint32_t>(*form);
  out.wants_answer = (flags & wants_an_answer) != 0;
  auto& own = m->edit();
  auto bytes = own.body.heap_bytes(); // in strings now, and such
  own.body = {};
  own.recharge(in.memory() + bytes);
  return true;
}

message_format::answer typed_format::write_reply(caf::type_erased_tuple& what, std::uint32_t form) const {
  auto failed = [&](errc code, std::string words) { return write_error(to_caf({code, words, {}}), words); };
  const auto& answers = all_[form].answers;
  if (!answers.matches(what))
    return failed(errc::service_failed, "the actor answered with what its interface does not say");
  scratch s;
  typed::writer w{s.bytes()};
  w.write(version);
  w.write(kind::values);
  bare::append_uint(s.bytes(), form);
  if (!holds([&] { return answers.write(w, what); }))
    return failed(errc::service_failed, cannot_be_written);
  return {payload{s.bytes()}, {}};
}

message_format::answer typed_format::write_error(const caf::error& e, const std::string& words) const {
  scratch s;
  typed::writer w{s.bytes()};
  w.write(version);
  w.write(kind::error);
  w.write(e.code());
  w.write(e.category());
  append_text(s.bytes(), words);
  return {payload{s.bytes()}, words};
}

} // namespace ockam
