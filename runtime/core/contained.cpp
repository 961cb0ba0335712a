// SPDX-License-Identifier: Apache-2.0
#include "runtime/core/contained.hpp"

#include "runtime/core/guarded.hpp"

#include <csetjmp>
#include <cstdint>
#include <cstdlib>
#include <cxxabi.h>
#include <dlfcn.h>
#include <exception>
#include <sys/auxv.h>
#include <thread>
#include <ucontext.h>
#include <unwind.h>

namespace ockam {

namespace {

/// What a thread has under way of exceptions (Itanium C++ ABI, 2.2.2 Caught Exception Stack).
struct exceptions {
  void* caught;
  unsigned uncaught;
};

exceptions& exceptions_of_this_thread() {
  return *reinterpret_cast<exceptions*>(abi::__cxa_get_globals());
}

/// Code of somebody else's that this thread runs.
struct scope {
  explicit scope(bool is_loading) : loading{is_loading}, at_begin{exceptions_of_this_thread()} {}

  const bool loading;
  const exceptions at_begin;
  scope* outer = nullptr;
  std::optional<std::string> why; ///< it has ended in `std::terminate`
  std::jmp_buf back;
};

thread_local scope* innermost = nullptr;
std::terminate_handler handler_before = nullptr;

std::string why_it_ends(const scope& s) {
  if (exceptions_of_this_thread().caught == s.at_begin.caught)
    return "std::terminate was called; a std::thread that is neither joined nor detached does so";
  try {
    throw;
  } catch (...) {
    return current_exception_text();
  }
}

/// Lets go of what was thrown meanwhile.
void forget_exceptions(const scope& s) {
  auto& now = exceptions_of_this_thread();
  while (now.caught != s.at_begin.caught)
    abi::__cxa_end_catch();
  now.uncaught = s.at_begin.uncaught;
}

#if defined(__x86_64__)

/// Who calls constructors and destructors, and what it needs to go on as if they had returned: the dynamic linker, or
/// for destructors `__cxa_finalize` of the C library, behind which a function without unwind information (of crtbegin.o)
/// ends the look at the stack.
struct caller_frame {
  bool found = false;
  ucontext_t registers;
};

/// Where the library begins in memory that has this address.
std::uintptr_t library_of(std::uintptr_t address) {
  Dl_info where{};
  return ::dladdr(reinterpret_cast<void*>(address), &where) ? reinterpret_cast<std::uintptr_t>(where.dli_fbase) : 0;
}

/// Keeps the innermost frame of the dynamic linker, or the outermost one of the C library.
_Unwind_Reason_Code look_for_caller(_Unwind_Context* frame, void* into) {
  auto ip = _Unwind_GetIP(frame);
  auto library = library_of(ip);
  bool linker = library == ::getauxval(AT_BASE);
  if (library == 0 || (!linker && library != library_of(reinterpret_cast<std::uintptr_t>(&std::exit))))
    return _URC_NO_REASON;
  auto& out = *static_cast<caller_frame*>(into);
  auto set = [&](int here, int number_in_dwarf) {
    out.registers.uc_mcontext.gregs[here] = static_cast<greg_t>(_Unwind_GetGR(frame, number_in_dwarf));
  };
  // Those that a function keeps for its caller: System V ABI for AMD64, 3.2.1, with the numbers of 3.6.2.
  set(REG_RBX, 3);
  set(REG_RBP, 6);
  set(REG_R12, 12);
  set(REG_R13, 13);
  set(REG_R14, 14);
  set(REG_R15, 15);
  out.registers.uc_mcontext.gregs[REG_RSP] = static_cast<greg_t>(_Unwind_GetCFA(frame));
  out.registers.uc_mcontext.gregs[REG_RIP] = static_cast<greg_t>(ip);
  out.found = true;
  return linker ? _URC_END_OF_STACK : _URC_NO_REASON;
}

[[noreturn]] void go_on_in(const caller_frame& f) {
  ::setcontext(&f.registers);
  std::abort();
}

void return_to_caller(scope& s) {
  caller_frame caller;
  ::getcontext(&caller.registers);
  _Unwind_Backtrace(&look_for_caller, &caller);
  if (!caller.found)
    return;
  if (!s.why)
    s.why = why_it_ends(s);
  forget_exceptions(s);
  go_on_in(caller);
}

#else

void return_to_caller(scope&) {}

#endif

[[noreturn]] void on_terminate() {
  if (auto* s = innermost; s && s->loading) {
    return_to_caller(*s);
  } else if (s) {
    s->why = why_it_ends(*s);
    forget_exceptions(*s);
    std::longjmp(s->back, 1);
  }
  if (handler_before)
    handler_before();
  std::abort();
}

void enter(scope& s) {
  static const bool installed = [] {
    handler_before = std::set_terminate(&on_terminate);
    return true;
  }();
  (void)installed;
  s.outer = innermost;
  innermost = &s;
}

} // namespace

std::optional<std::string> contained_detail::run(void (*f)(void*), void* with) {
  scope here{false};
  enter(here);
  if (setjmp(here.back) == 0) // what is changed after this is in `here`, whose address is known elsewhere
    here.why = guarded([&] { f(with); });
  innermost = here.outer;
  return std::move(here.why);
}

std::optional<std::string> contained_loading(void (*load)(void*), void* with) {
  // A thread without a handler of exceptions on its stack: what nobody catches in the library must not begin to
  // unwind, which would go through the dynamic linker and leave it locked.
  std::optional<std::string> why;
  std::thread{[&] {
    scope here{true};
    enter(here);
    load(with);
    innermost = here.outer;
    why = std::move(here.why);
  }}.join();
  return why;
}

} // namespace ockam
