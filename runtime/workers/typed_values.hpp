// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/bare.hpp"

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
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <tuple>
#include <type_traits>
#include <typeindex>
#include <utility>
#include <vector>

/// The values of typed messages: what types there may be, the text of their structure, and their bytes
/// (docs/protocol.md, Typed messages). In place of CAF's own serializer, which believes what it reads (lengths, depth,
/// names of types) and loops for ever over an infinity. A struct is what its `inspect(Inspector&, T&)`, a template,
/// says. Any thread.
namespace ockam::typed {

/// Values within values: a struct, a sequence, an optional is one level.
constexpr std::size_t most_depth = 64;
/// What the elements of sequences in one message may take in memory: one on the wire may be a byte, and a string here.
constexpr std::size_t most_memory = 16u << 20;

// -- which type is what --------------------------------------------------------------------------------

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

// -- structure -----------------------------------------------------------------------------------------

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

// -- bytes ---------------------------------------------------------------------------------------------

/// An integer that has as many bytes.
template <std::size_t Bytes>
using whole = std::conditional_t<
  Bytes == 1, std::uint8_t,
  std::conditional_t<Bytes == 2, std::uint16_t, std::conditional_t<Bytes == 4, std::uint32_t, std::uint64_t>>>;

/// Counts levels while it lives.
class level {
 public:
  explicit level(std::size_t& depth) : depth_{depth} { ++depth_; }
  ~level() { --depth_; }
  level(const level&) = delete;
  level& operator=(const level&) = delete;
  explicit operator bool() const { return depth_ <= most_depth; }

 private:
  std::size_t& depth_;
};

/// Appends values as they travel. False: deeper than may be, or a callback of a type said no; then what was appended is
/// of no use.
class writer {
 public:
  static constexpr bool reads_state = true;
  static constexpr bool runs_callbacks = true;

  explicit writer(std::vector<std::byte>& out) : out_{out} {}

  template <class T>
  bool field(T& x) {
    return write(x);
  }
  template <class T>
  bool write(const T& x) {
    if constexpr (std::is_same_v<T, bool>)
      return put(static_cast<std::uint8_t>(x ? 1 : 0));
    else if constexpr (std::is_integral_v<T>)
      return put(static_cast<whole<sizeof(T)>>(x));
    else if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>)
      return put(std::bit_cast<whole<sizeof(T)>>(x));
    else if constexpr (caf::is_atom_constant<T>::value)
      return true;
    else if constexpr (is_string<T>)
      return write_string(x);
    else if constexpr (is_duration<T>)
      return write(
        static_cast<std::conditional_t<std::is_floating_point_v<typename T::rep>, double, std::int64_t>>(x.count()));
    else if constexpr (is_time_point<T>)
      return write(x.time_since_epoch());
    else if constexpr (std::is_enum_v<T> && !is_struct<T, writer>)
      return write(static_cast<std::underlying_type_t<T>>(x));
    else
      return write_composed(x);
  }

 private:
  template <class U>
  bool put(U x) {
    for (std::size_t i = sizeof(U); i-- > 0;)
      out_.push_back(static_cast<std::byte>(x >> (8 * i)));
    return true;
  }
  template <class T>
  bool write_string(const T& x) {
    if constexpr (sizeof(typename T::value_type) == 1) {
      bare::append_string(out_, x);
    } else {
      bare::append_uint(out_, x.size());
      for (auto c : x)
        put(static_cast<whole<sizeof(c)>>(c));
    }
    return true;
  }
  template <class T>
  bool write_composed(const T& x) {
    level here{depth_};
    if (!here)
      return false;
    if constexpr (is_optional<T>) {
      put(static_cast<std::uint8_t>(x ? 1 : 0));
      return !x || write(*x);
    } else if constexpr (is_variant<T>) {
      put(static_cast<std::uint8_t>(x.index()));
      return caf::visit([this](const auto& v) { return write(v); }, x);
    } else if constexpr (is_struct<T, writer>) {
      fields<writer> f{*this};
      return !inspect(f, const_cast<T&>(x));
    } else if constexpr (is_tuple<T>) {
      return std::apply([this](const auto&... xs) { return (write(xs) && ...); }, x);
    } else if constexpr (is_array<T>) {
      return write_each(x);
    } else if constexpr (is_sequence<T, writer>) {
      bare::append_uint(out_, static_cast<std::uint64_t>(std::distance(x.begin(), x.end())));
      if constexpr (is_bytes<T>) {
        const auto* first = reinterpret_cast<const std::byte*>(x.data());
        out_.insert(out_.end(), first, first + x.size());
        return true;
      } else {
        return write_each(x);
      }
    } else {
      return true; // empty
    }
  }
  template <class T>
  bool write_each(const T& xs) {
    for (const auto& x : xs)
      if (!write<std::remove_cvref_t<decltype(x)>>(x))
        return false;
    return true;
  }

  std::vector<std::byte>& out_;
  std::size_t depth_ = 0;
};

/// Reads values of whoever sends: what it is told is checked before anything is done by it. False, from then on: the
/// bytes are not what they should be, or too deep, or too much.
class reader {
 public:
  static constexpr bool reads_state = false;
  static constexpr bool runs_callbacks = true;

  explicit reader(std::span<const std::byte> in) : in_{in} {}

  /// All has been read, and was well.
  bool at_end() const noexcept { return ok_ && in_.empty(); }
  /// Memory that elements of sequences take.
  std::size_t memory() const noexcept { return memory_; }

  /// A LEB128 number.
  std::optional<std::uint64_t> number() {
    auto n = ok_ ? bare::read_uint(in_) : std::nullopt;
    ok_ = n.has_value();
    return n;
  }
  template <class T>
  bool field(T& x) {
    return read(x);
  }
  template <class T>
  bool read(T& x) {
    if (!ok_)
      return false;
    if constexpr (std::is_same_v<T, bool>)
      return read_as<std::uint8_t>(x, [](auto v) { return v != 0; });
    else if constexpr (std::is_integral_v<T>)
      return read_as<whole<sizeof(T)>>(x, [](auto v) { return static_cast<T>(v); });
    else if constexpr (std::is_same_v<T, float> || std::is_same_v<T, double>)
      return read_as<whole<sizeof(T)>>(x, [](auto v) { return std::bit_cast<T>(v); });
    else if constexpr (caf::is_atom_constant<T>::value)
      return true;
    else if constexpr (is_string<T>)
      return read_string(x);
    else if constexpr (is_duration<T>)
      return read_value<std::conditional_t<std::is_floating_point_v<typename T::rep>, double, std::int64_t>>(
        [&](auto v) { x = T{static_cast<typename T::rep>(v)}; });
    else if constexpr (is_time_point<T>)
      return read_value<typename T::duration>([&](auto v) { x = T{v}; });
    else if constexpr (std::is_enum_v<T> && !is_struct<T, reader>)
      return read_value<std::underlying_type_t<T>>([&](auto v) { x = static_cast<T>(v); });
    else
      return read_composed(x);
  }

 private:
  bool fail() {
    ok_ = false;
    return false;
  }
  template <class U, class T, class F>
  bool read_as(T& x, F&& from) {
    if (in_.size() < sizeof(U))
      return fail();
    U v = 0;
    for (std::size_t i = 0; i < sizeof(U); ++i)
      v = static_cast<U>((std::uint64_t{v} << 8) | std::to_integer<std::uint64_t>(in_[i]));
    in_ = in_.subspan(sizeof(U));
    x = from(v);
    return true;
  }
  template <class U, class F>
  bool read_value(F&& take) {
    U v{};
    if (!read(v))
      return false;
    take(v);
    return true;
  }
  /// How many, of what has `wire` bytes at the least each, and `memory` here.
  bool read_length(std::size_t& n, std::size_t wire, std::size_t memory) {
    auto said = bare::read_uint(in_);
    if (!said || *said > in_.size() / wire || *said * memory > most_memory - memory_)
      return fail();
    n = static_cast<std::size_t>(*said);
    memory_ += n * memory;
    return true;
  }
  template <class T>
  bool read_string(T& x) {
    constexpr auto width = sizeof(typename T::value_type);
    std::size_t n = 0;
    if (!read_length(n, width, 0))
      return false;
    if constexpr (width == 1) {
      x.assign(reinterpret_cast<const char*>(in_.data()), n);
      in_ = in_.subspan(n);
    } else {
      x.resize(n);
      for (auto& c : x)
        read_as<whole<width>>(c, [](auto v) { return static_cast<typename T::value_type>(v); });
    }
    return true;
  }
  template <class T>
  bool read_composed(T& x) {
    level here{depth_};
    if (!here)
      return fail();
    if constexpr (is_optional<T>) {
      bool there = false;
      typename T::type v{};
      if (!read(there) || (there && !read(v)))
        return false;
      x = there ? T{std::move(v)} : T{};
      return true;
    } else if constexpr (is_variant<T>) {
      return read_variant(x);
    } else if constexpr (is_struct<T, reader>) {
      fields<reader> f{*this};
      return inspect(f, x) ? fail() : ok_;
    } else if constexpr (is_tuple<T>) {
      return std::apply([this](auto&... xs) { return (read(xs) && ...); }, x);
    } else if constexpr (is_array<T>) {
      for (auto& one : x)
        if (!read(one))
          return false;
      return true;
    } else if constexpr (is_sequence<T, reader>) {
      return read_sequence(x);
    } else {
      return true; // empty
    }
  }
  template <class... Ts>
  bool read_variant(caf::variant<Ts...>& x) {
    std::uint8_t which = 0;
    if (!read(which))
      return false;
    std::uint8_t i = 0;
    bool known = false;
    ((i++ == which ? known = read_value<Ts>([&](auto& v) { x = std::move(v); }) : false), ...);
    return known || fail();
  }
  template <class T>
  bool read_sequence(T& xs) {
    constexpr std::size_t node =
      is_bytes<T> || std::is_same_v<T, std::vector<element_of<T>>> ? 0 : 48; // of what is not in one block
    std::size_t n = 0;
    if (!read_length(n, 1, is_bytes<T> ? 0 : sizeof(element_of<T>) + node))
      return false;
    xs.clear();
    if constexpr (is_bytes<T>) {
      const auto* first = reinterpret_cast<const typename T::value_type*>(in_.data());
      xs.assign(first, first + n);
      in_ = in_.subspan(n);
      return true;
    } else {
      auto at = std::inserter(xs, xs.end());
      for (std::size_t i = 0; i < n; ++i) {
        element_of<T> x{};
        if (!read(x))
          return false;
        *at++ = std::move(x);
      }
      return true;
    }
  }

  std::span<const std::byte> in_;
  std::size_t depth_ = 0;
  std::size_t memory_ = 0;
  bool ok_ = true;
};

} // namespace ockam::typed
