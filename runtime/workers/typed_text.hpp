// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/workers/typed_types.hpp"

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <typeindex>
#include <utility>
#include <vector>

namespace ockam::typed {

/// Writes the structure of types as text: two ends mean the same bytes by the same text.
class describer {
 public:
  static constexpr bool reads_state = true;
  static constexpr bool runs_callbacks = false;

  std::string text;

  /// Appends T. Returns how many bytes a value has at the least. `std::invalid_argument` for a sequence of what has
  /// none, which could be as long as it likes.
  template <class T>
  std::size_t add() {
    static_assert(!is_open<T>,
                  "this type is not for an interface that others reach: it could hold anything, or an actor");
    static_assert(!is_hashed<T>,
                  "a hashed container is not for an interface that others reach: they could choose keys of "
                  "equal hashes, which are slow to insert. Take std::map or std::set");
    if constexpr (std::is_same_v<T, bool>)
      return say("bool", 1);
    else if constexpr (std::is_integral_v<T>)
      return say((std::is_signed_v<T> ? "int" : "uint") + std::to_string(8 * sizeof(T)), sizeof(T));
    else if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>)
      return say("float" + std::to_string(8 * sizeof(T)), sizeof(T));
    else if constexpr (caf::is_atom_constant<T>::value)
      return say(to_string(T::get_value()), 0);
    else if constexpr (std::is_same_v<T, caf::atom_value>)
      return say("atom", sizeof(T));
    else if constexpr (is_string<T>)
      return say(sizeof(typename T::value_type) == 1 ? "string"
                                                     : "string" + std::to_string(8 * sizeof(typename T::value_type)),
                 1);
    else if constexpr (is_duration<T>)
      return say(ratio<T>("duration"), 8);
    else if constexpr (is_time_point<T>)
      return say(
        ratio<typename T::duration>(std::is_same_v<typename T::clock, std::chrono::system_clock> ? "time" : "clock"),
        8);
    else
      return add_composed<T>();
  }
  template <class... Ts>
  std::size_t add_all() {
    std::size_t least = 0;
    [[maybe_unused]] bool first = true;
    ((text += std::exchange(first, false) ? "" : ", ", least += add<Ts>()), ...);
    return least;
  }
  /// A field of the struct that is being described.
  template <class T>
  bool field(T&) {
    text += std::exchange(first_field_, false) ? "" : ", ";
    least_ += add<T>();
    return true;
  }

 private:
  std::size_t say(std::string_view what, std::size_t least) {
    text += what;
    return least;
  }
  template <class D>
  static std::string ratio(const std::string& what) {
    return what + "<" + (std::is_floating_point_v<typename D::rep> ? "float64" : "int64") + ", "
           + std::to_string(D::period::num) + "/" + std::to_string(D::period::den) + ">";
  }

  template <class T>
  std::size_t add_composed() {
    if constexpr (is_optional<T>) {
      text += "optional<";
      add<typename T::type>();
      return say(">", 1);
    } else if constexpr (is_variant<T>) {
      return add_variant(static_cast<T*>(nullptr));
    } else if constexpr (is_struct<T, describer>) {
      return add_struct<T>();
    } else if constexpr (std::is_enum_v<T>) {
      text += "enum ";
      return add<std::underlying_type_t<T>>();
    } else if constexpr (is_tuple<T>) {
      return add_tuple(static_cast<T*>(nullptr));
    } else if constexpr (is_array<T>) {
      using type = std::remove_cvref_t<decltype(*std::begin(std::declval<T&>()))>;
      constexpr auto n = sizeof(T) / sizeof(type);
      text += "array<";
      auto least = add<type>();
      return say(", " + std::to_string(n) + ">", n * least);
    } else if constexpr (is_sequence<T, describer>) {
      auto at = text.size();
      text += "list<";
      if (add<element_of<T>>() == 0)
        throw std::invalid_argument{"a sequence of values that have no bytes: " + text.substr(at) + ">"};
      return say(">", 1);
    } else if constexpr (std::is_empty_v<T>) {
      return say("{}", 0);
    } else {
      static_assert(std::is_empty_v<T>, "a struct in an interface needs a template inspect(Inspector&, T&)");
      return 0;
    }
  }
  template <class... Ts>
  std::size_t add_variant(const caf::variant<Ts...>*) {
    text += "variant<";
    add_all<Ts...>();
    return say(">", 1);
  }
  template <class F, class S>
  std::size_t add_tuple(const std::pair<F, S>*) {
    return add_tuple(static_cast<const std::tuple<std::remove_const_t<F>, S>*>(nullptr));
  }
  template <class... Ts>
  std::size_t add_tuple(const std::tuple<Ts...>*) {
    text += "(";
    auto least = add_all<Ts...>();
    return say(")", least);
  }
  /// One within itself is told as how many structs further out it is.
  template <class T>
  std::size_t add_struct() {
    for (std::size_t i = open_.size(); i-- > 0;)
      if (open_[i] == typeid(T))
        return say("^" + std::to_string(open_.size() - 1 - i), 1);
    open_.emplace_back(typeid(T));
    auto outer_least = std::exchange(least_, 0);
    auto outer_first = std::exchange(first_field_, true);
    text += "{";
    T x{};
    fields<describer> f{*this};
    (void)inspect(f, x);
    text += "}";
    open_.pop_back();
    first_field_ = outer_first;
    return std::exchange(least_, outer_least);
  }

  std::vector<std::type_index> open_;
  std::size_t least_ = 0;
  bool first_field_ = true;
};

} // namespace ockam::typed
