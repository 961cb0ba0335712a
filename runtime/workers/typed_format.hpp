// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/workers/message_format.hpp"
#include "runtime/workers/typed_text.hpp"
#include "runtime/workers/typed_values.hpp"

#include <caf/make_message.hpp>
#include <caf/replies_to.hpp>
#include <caf/typed_actor.hpp>

#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

namespace ockam {

/// One side of a message of an interface: what is asked, or what is answered.
struct typed_form {
  std::string text; ///< of its structure: `(add, int32, int32)`
  bool (*matches)(const caf::type_erased_tuple&);
  bool (*write)(typed::writer&, const caf::type_erased_tuple&);                             ///< of what matches
  caf::mailbox_element_ptr (*read)(typed::reader&, caf::strong_actor_ptr, caf::message_id); ///< null when it is none
};
struct typed_signature {
  typed_form asks, answers;
  std::string text() const { return asks.text + " -> " + answers.text; }
};

/// The messages of one interface, and no others: who sends chooses one of them, never a type (docs/protocol.md, Typed
/// messages). Both ends have to have the same interface: the hash of its text is in each request.
class typed_format final : public message_format {
 public:
  explicit typed_format(std::vector<typed_signature> all);

  const std::string& text() const noexcept { return text_; }
  std::uint64_t hash() const noexcept { return hash_; }

  caf::error write_request(caf::type_erased_tuple& what, bool wants_answer, request& out) const override;
  caf::mailbox_element_ptr read_reply(message_ptr m, std::uint32_t form, caf::strong_actor_ptr from,
                                      caf::message_id id) const override;
  bool read_request(const shared_message_ptr& m, const caf::strong_actor_ptr& from, caf::message_id id, asked& out,
                    answer& no) const override;
  answer write_reply(caf::type_erased_tuple& what, std::uint32_t form) const override;
  answer write_error(const caf::error& e, const std::string& words) const override;

 private:
  /// In what the other end, of this interface, differs.
  std::string difference(std::string_view theirs) const;

  std::vector<typed_signature> all_; ///< in the order of their texts, whatever that of the declaration is
  std::string text_;
  std::string words_; ///< the beginning of it, for people
  std::uint64_t hash_;
};

/// The format of a typed actor's interface, given its handle type. `std::invalid_argument`: see `typed::describer`.
template <class Handle>
const typed_format& format_of();

// -- templates ---------------------------------------------------------------------------------------

namespace typed {

/// As CAF has it in a message.
template <class T>
struct stored {
  using type = T;
};
template <caf::atom_value V>
struct stored<caf::atom_constant<V>> {
  using type = caf::atom_value;
};

template <class T>
typename stored<T>::type initial() {
  if constexpr (caf::is_atom_constant<T>::value)
    return T::get_value(); // the form says which
  else
    return {};
}

template <class... Ts>
struct form_of {
  using values = std::tuple<typename stored<Ts>::type...>;

  static bool matches(const caf::type_erased_tuple& what) {
    return what.match_elements(caf::detail::type_list<Ts...>{});
  }

  static bool write(writer& out, const caf::type_erased_tuple& what) {
    std::size_t i = 0;
    return (write_one<Ts>(out, what, i++) && ...);
  }

  static caf::mailbox_element_ptr read(reader& in, caf::strong_actor_ptr from, caf::message_id id) {
    values all{initial<Ts>()...};
    bool ok = std::apply([&](auto&... xs) { return (read_one<Ts>(in, xs) && ...); }, all);
    if (!ok || !in.at_end())
      return nullptr;
    return std::apply(
      [&](auto&... xs) {
        if constexpr (sizeof...(Ts) == 0)
          return caf::make_mailbox_element(std::move(from), id, {}, caf::message{});
        else
          return caf::make_mailbox_element(std::move(from), id, {}, std::move(xs)...);
      },
      all);
  }

  static std::string text() {
    describer d;
    d.text = "(";
    d.add_all<Ts...>();
    return d.text + ")";
  }

 private:
  template <class T>
  static bool write_one(writer& out, const caf::type_erased_tuple& what, std::size_t at) {
    return caf::is_atom_constant<T>::value || out.write(what.get_as<typename stored<T>::type>(at));
  }
  template <class T>
  static bool read_one(reader& in, typename stored<T>::type& x) {
    return caf::is_atom_constant<T>::value || in.read(x);
  }
};
template <>
struct form_of<void> : form_of<> {};

template <class... Ts>
typed_form make_form() {
  using form = form_of<Ts...>;
  return {form::text(), &form::matches, &form::write, &form::read};
}

template <class... Is, class... Os>
typed_signature signature_of(caf::typed_mpi<caf::detail::type_list<Is...>, caf::output_tuple<Os...>>) {
  return {make_form<Is...>(), make_form<Os...>()};
}

template <class... Sigs>
std::vector<typed_signature> signatures_of(caf::detail::type_list<Sigs...>) {
  return {signature_of(Sigs{})...};
}

} // namespace typed

template <class Handle>
const typed_format& format_of() {
  static const typed_format one{typed::signatures_of(typename Handle::signatures{})};
  return one;
}

} // namespace ockam
