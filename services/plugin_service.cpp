// SPDX-License-Identifier: Apache-2.0
#include "services/plugin_service.hpp"

#include "runtime/core/address.hpp"
#include "runtime/workers/plugin.hpp"

#include <cstring>
#include <dlfcn.h>
#include <filesystem>
#include <link.h>
#include <memory>

namespace ockam {

namespace {

struct unload {
  void operator()(void* library) const { ::dlclose(library); }
};

std::string last_dl_error() {
  const char* e = ::dlerror();
  return e ? e : "unknown reason";
}

error refused(const std::string& file, const std::string& why, std::string hint) {
  return {errc::unsupported, "cannot load " + printable(file) + ": " + why, std::move(hint)};
}

/// The first difference between what the plugin was built for and what this node is.
std::string difference(const plugin_abi& theirs) {
  constexpr plugin_abi ours;
  auto differ = [](std::string_view what, std::uint32_t l, std::uint32_t r) {
    return std::string{what} + " " + std::to_string(l) + ", this node has " + std::to_string(r);
  };
  if (theirs.version != ours.version)
    return differ("it was built for version", theirs.version, ours.version) + " of the plugin interface";
  if (theirs.compiler != ours.compiler)
    return differ("it was built with compiler ABI", theirs.compiler, ours.compiler);
  if (theirs.sanitized != ours.sanitized)
    return ours.sanitized ? "this node was built with a sanitizer, it was not" : "it was built with a sanitizer, this node was not";
  if (theirs.strings != ours.strings)
    return "it was built with another std::string";
  if (theirs.message_size != ours.message_size)
    return differ("it was built for messages of size", theirs.message_size, ours.message_size);
  if (theirs.worker_size != ours.worker_size)
    return differ("it was built for workers of size", theirs.worker_size, ours.worker_size);
  if (theirs.options_size != ours.options_size)
    return differ("it was built for options of size", theirs.options_size, ours.options_size);
  return {};
}

/// How many bytes the symbol at `p` has; what lies behind it is not read.
std::size_t symbol_size(const void* p) {
  Dl_info where{};
  void* symbol = nullptr;
  if (!::dladdr1(p, &where, &symbol, RTLD_DL_SYMENT) || !symbol)
    return 0;
  return static_cast<const ElfW(Sym)*>(symbol)->st_size;
}

} // namespace

result<const plugin*> load_plugin(const std::string& file) {
  std::error_code none;
  auto path = std::filesystem::absolute(file, none);
  if (!std::filesystem::exists(path, none))
    return error{errc::not_found, "there is no file " + printable(file), {}};
  if (!std::filesystem::is_regular_file(path, none))
    return refused(file, "it is not a file", {});
  std::unique_ptr<void, unload> library{::dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL)};
  if (!library) {
    auto why = last_dl_error();
    bool missing = why.find("undefined symbol") != std::string::npos;
    return refused(file, printable(why), missing ? "it was built for another version of ockam" : "a plugin is a shared object for this machine");
  }
  const auto* entry = static_cast<const plugin*>(::dlsym(library.get(), "ockam_plugin"));
  if (!entry)
    return refused(file, "it does not export ockam_plugin", "extern \"C\" const ockam::plugin ockam_plugin{ockam::plugin_of<NAME>()};");
  constexpr plugin_abi ours;
  const std::string hint = "build it against the headers of this node";
  if (symbol_size(entry) < sizeof(plugin_abi) || entry->abi.magic != ours.magic || entry->abi.size != ours.size)
    return refused(file, "its ockam_plugin is not what this node expects", hint);
  if (auto d = difference(entry->abi); !d.empty())
    return refused(file, d, hint);
  if (symbol_size(entry) < sizeof(plugin) || !entry->make)
    return refused(file, "its ockam_plugin makes nothing", {});
  (void)library.release();
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
