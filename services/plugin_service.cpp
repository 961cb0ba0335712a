// SPDX-License-Identifier: Apache-2.0
#include "services/plugin_service.hpp"

#include "runtime/core/address.hpp"
#include "runtime/workers/plugin.hpp"
#include "services/plugin_file.hpp"

#include <dlfcn.h>
#include <filesystem>
#include <link.h>
#include <memory>
#include <optional>
#include <utility>

namespace ockam {

namespace {

error refused(const std::string& file, const std::string& why, std::string hint) {
  return {errc::unsupported, "cannot load " + printable(file) + ": " + why, std::move(hint)};
}

/// An open library.
class library {
 public:
  /// Runs its static constructors. What leaves one of them ends the process: to go on would leave the dynamic linker
  /// locked.
  explicit library(const std::string& path) noexcept : handle_{::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)} {
    if (const char* e = handle_ ? nullptr : ::dlerror())
      failure_ = e;
  }
  library(const library&) = delete;
  library& operator=(const library&) = delete;
  ~library() {
    if (handle_)
      ::dlclose(handle_);
  }

  explicit operator bool() const noexcept { return handle_ != nullptr; }
  /// Why it could not be loaded, in the words of the dynamic linker.
  const std::string& failure() const noexcept { return failure_; }

  /// The object of this name and size; null when there is none.
  const void* find(const char* name, std::size_t size) const {
    const void* p = ::dlsym(handle_, name);
    Dl_info where{};
    void* symbol = nullptr;
    if (!p || !::dladdr1(p, &where, &symbol, RTLD_DL_SYMENT) || !symbol)
      return nullptr;
    const auto& s = *static_cast<const ElfW(Sym)*>(symbol);
    return ELF64_ST_TYPE(s.st_info) == STT_OBJECT && s.st_size == size ? p : nullptr;
  }
  bool has(const char* name) const { return ::dlsym(handle_, name) != nullptr; }

  /// It stays for as long as the process runs.
  void keep() noexcept { handle_ = nullptr; }

 private:
  void* handle_;
  std::string failure_ = "unknown reason";
};

} // namespace

result<const plugin*> load_plugin(const std::string& file) {
  std::error_code none;
  const auto path = std::filesystem::absolute(file, none).string();
  if (auto ok = check_plugin_file(path); !ok)
    return ok.error().code == errc::not_found ? error{errc::not_found, "there is no file " + printable(file), {}}
                                              : refused(file, ok.error().cause, ok.error().hint);
  library l{path};
  if (!l) {
    bool missing = l.failure().find("undefined symbol") != std::string::npos;
    return refused(file, printable(l.failure()), missing ? "it needs what neither this node has nor a library that it names" : "");
  }
  const std::string line = "extern \"C\" const ockam::plugin ockam_plugin{ockam::plugin_of<NAME>()};";
  const auto* entry = static_cast<const plugin*>(l.find("ockam_plugin", sizeof(plugin)));
  if (!entry)
    return refused(file, l.has("ockam_plugin") ? "its ockam_plugin is no ockam::plugin" : "it does not export ockam_plugin", line);
  if (!entry->make)
    return refused(file, "its ockam_plugin makes nothing", line);
  l.keep();
  return entry;
}

service_type plugin_service() {
  service_type t;
  t.name = "plugin";
  t.file_key = "plugin";
  t.make = [](const service_options& o) -> result<std::unique_ptr<worker>> {
    auto file = o.required("plugin");
    if (auto ok = o.wrong(); !ok)
      return std::move(ok).error();
    auto p = load_plugin(file);
    if (!p)
      return std::move(p).error();
    return (*p)->make(o);
  };
  return t;
}

} // namespace ockam
