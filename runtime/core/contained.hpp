// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <type_traits>

namespace ockam {

namespace contained_detail {
std::optional<std::string> run(void (*f)(void*), void* with);
} // namespace contained_detail

/// As `guarded`, for code of a user that C++ lets end the process: a destructor or an `on_stop` that an exception
/// leaves, a `std::thread` that nobody has joined. `f` ends there, and the text says why; what it had on its stack
/// is not destroyed, so this is for the end of things. Thread: any. The first use puts a handler in front of the one
/// of `std::set_terminate`.
template <class F>
std::optional<std::string> contained(F&& f) {
  using target = std::remove_reference_t<F>;
  return contained_detail::run([](void* p) { (*static_cast<target*>(p))(); }, const_cast<void*>(static_cast<const void*>(std::addressof(f))));
}

/// The same for `load`, which calls `dlopen` or `dlclose`, where it is static constructors or destructors that end so.
/// They return to the dynamic linker as if they were done, since it holds locks, and it goes on with the next. `load`
/// runs on a thread of its own, which is over when this returns. On machines other than x86-64 the process ends.
std::optional<std::string> contained_loading(void (*load)(void*), void* with);

} // namespace ockam
