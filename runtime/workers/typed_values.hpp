// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/bare.hpp"
#include "runtime/workers/typed_types.hpp"

#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

/// The values of typed messages as bytes (docs/protocol.md, Typed messages). In place of CAF's own serializer, which
/// believes what it reads (lengths, depth, names of types) and loops for ever over an infinity. A struct is what its
/// `inspect(Inspector&, T&)`, a template, says. Any thread.
namespace ockam::typed {

/// Values within values: a struct, a sequence, an optional is one level.
constexpr std::size_t most_depth = 64;
/// What the elements of sequences in one message may take in memory: one on the wire may be a byte, and a string here.
constexpr std::size_t most_memory = 16u << 20;

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
      return caf::visit([this](const auto& v) { return this->write(v); }, x);
    } else if constexpr (is_struct<T, writer>) {
      fields<writer> f{*this};
      return !inspect(f, const_cast<T&>(x));
    } else if constexpr (is_tuple<T>) {
      return std::apply([this](const auto&... xs) { return (this->write(xs) && ...); }, x);
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
      return std::apply([this](auto&... xs) { return (this->read(xs) && ...); }, x);
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
