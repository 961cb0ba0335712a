// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace ockam {

template <class Signature>
class unique_function;

/// A callable that is owned and moved, never copied: unlike `std::function` it takes lambdas that hold a
/// message (`std::move_only_function` comes with C++23). Empty by default and when made from what is empty: a null
/// pointer, an empty `std::function`. Calling an empty one throws `std::bad_function_call`.
template <class R, class... Args>
class unique_function<R(Args...)> {
 public:
  unique_function() noexcept = default;
  template <class F>
    requires(!std::same_as<std::remove_cvref_t<F>, unique_function> && std::is_invocable_r_v<R, F&, Args...>)
  unique_function(F&& f) {
    if constexpr (can_be_empty<F>)
      if (f == nullptr)
        return;
    target_ = std::make_unique<holder<std::decay_t<F>>>(std::forward<F>(f));
  }

  R operator()(Args... args) {
    if (!target_) [[unlikely]]
      throw std::bad_function_call{};
    return target_->call(std::forward<Args>(args)...);
  }
  explicit operator bool() const noexcept { return target_ != nullptr; }

 private:
  /// Pointers and wrappers of functions; lambdas that convert to a pointer are never null.
  template <class F>
  static constexpr bool can_be_empty =
    std::is_assignable_v<std::decay_t<F>&, std::nullptr_t> && !std::is_function_v<std::remove_reference_t<F>>;

  struct callable {
    virtual ~callable() = default;
    virtual R call(Args... args) = 0;
  };
  template <class F>
  struct holder final : callable {
    template <class G>
    explicit holder(G&& g) : f{std::forward<G>(g)} {}
    R call(Args... args) override { return f(std::forward<Args>(args)...); }
    F f;
  };

  std::unique_ptr<callable> target_;
};

} // namespace ockam
