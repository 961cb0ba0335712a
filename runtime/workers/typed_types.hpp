// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <caf/atom.hpp>
#include <caf/detail/type_traits.hpp>
#include <caf/error.hpp>
#include <caf/fwd.hpp>
#include <caf/meta/annotation.hpp>
#include <caf/meta/load_callback.hpp>
#include <caf/meta/save_callback.hpp>
#include <caf/optional.hpp>
#include <caf/sec.hpp>
#include <caf/variant.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

/// The types of typed messages (docs/protocol.md, Typed messages): which there may be, and how a struct of theirs is
/// looked into. Any thread.
namespace ockam::typed {

/// What would let another end choose types, or name actors of this one.
template <class T>
inline constexpr bool is_open = false;
template <>
inline constexpr bool is_open<caf::message> = true;
template <>
inline constexpr bool is_open<caf::error> = true; // may hold a message
template <>
inline constexpr bool is_open<caf::actor> = true;
template <>
inline constexpr bool is_open<caf::actor_addr> = true;
template <>
inline constexpr bool is_open<caf::strong_actor_ptr> = true;
template <>
inline constexpr bool is_open<caf::weak_actor_ptr> = true;
template <>
inline constexpr bool is_open<caf::group> = true;
template <>
inline constexpr bool is_open<caf::config_value> = true;
template <>
inline constexpr bool is_open<caf::type_erased_value> = true;
template <>
inline constexpr bool is_open<caf::type_erased_tuple> = true;
template <>
inline constexpr bool is_open<caf::down_msg> = true;
template <>
inline constexpr bool is_open<caf::exit_msg> = true;
template <class... Sigs>
inline constexpr bool is_open<caf::typed_actor<Sigs...>> = true;

template <class T>
inline constexpr bool is_tuple = false;
template <class F, class S>
inline constexpr bool is_tuple<std::pair<F, S>> = true;
template <class... Ts>
inline constexpr bool is_tuple<std::tuple<Ts...>> = true;

template <class T>
inline constexpr bool is_array = std::is_array_v<T>;
template <class T, std::size_t N>
inline constexpr bool is_array<std::array<T, N>> = true;

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<caf::optional<T>> = true;

template <class T>
inline constexpr bool is_variant = false;
template <class... Ts>
inline constexpr bool is_variant<caf::variant<Ts...>> = true;

template <class T>
inline constexpr bool is_duration = caf::detail::is_duration<T>::value;
template <class T>
inline constexpr bool is_time_point = false;
template <class C, class D>
inline constexpr bool is_time_point<std::chrono::time_point<C, D>> = true;

template <class T>
inline constexpr bool is_string =
  std::is_same_v<T, std::string> || std::is_same_v<T, std::u16string> || std::is_same_v<T, std::u32string>;

/// Finds its elements by hashes. Who sends could choose elements of equal hashes, which take time as the square of
/// their number.
template <class T>
inline constexpr bool is_hashed = requires {
  typename T::hasher;
};

/// What is handed to `inspect` of a struct: each field goes to `field` of V.
template <class V>
class fields {
 public:
  using result_type = caf::error;
  static constexpr bool reads_state = V::reads_state;
  static constexpr bool writes_state = !reads_state;

  explicit fields(V& to) : to_{to} {}

  template <class... Ts>
  caf::error operator()(Ts&&... xs) {
    bool ok = (one(xs) && ...);
    return ok ? caf::error{} : caf::make_error(caf::sec::invalid_argument);
  }

 private:
  template <class T>
  bool one(T& x) {
    using type = std::remove_cv_t<T>;
    if constexpr (caf::meta::is_save_callback<type>::value)
      return !V::runs_callbacks || !reads_state || !x.fun();
    else if constexpr (caf::meta::is_load_callback<type>::value)
      return !V::runs_callbacks || reads_state || !x.fun();
    else if constexpr (caf::meta::is_annotation<type>::value)
      return true;
    else
      return to_.field(const_cast<type&>(x));
  }

  V& to_;
};

template <class T, class V>
inline constexpr bool is_struct = caf::detail::is_inspectable<fields<V>, T>::value;

template <class T, class V>
inline constexpr bool is_sequence = caf::detail::is_iterable<T>::value && !is_struct<T, V>;

/// As an element stands alone: that of a map has a constant key.
template <class T>
struct element {
  using type = T;
};
template <class K, class T>
struct element<std::pair<const K, T>> {
  using type = std::pair<K, T>;
};
template <class Sequence>
using element_of = typename element<typename Sequence::value_type>::type;

/// Whole in one block of memory.
template <class T>
inline constexpr bool is_bytes = false;
template <class T, class A>
inline constexpr bool
  is_bytes<std::vector<T, A>> = sizeof(T) == 1
                                && (std::is_integral_v<T> || std::is_enum_v<T>)&&!std::is_same_v<T, bool>;

} // namespace ockam::typed
