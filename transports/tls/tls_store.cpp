// SPDX-License-Identifier: Apache-2.0
#include "transports/tls/tls_store.hpp"

#include "runtime/core/log.hpp"

#include <array>
#include <sys/stat.h>

namespace ockam {

namespace {

/// Another one, if one of the files is another one, or says something else.
std::string stamp_of(const tls_files& files) {
  std::string out;
  for (const auto* path : std::array{&files.certificate, &files.key, &files.ca}) {
    struct stat s{};
    if (path->empty() || ::stat(path->c_str(), &s) != 0) {
      out += "-;";
      continue;
    }
    for (auto n : {static_cast<long long>(s.st_dev), static_cast<long long>(s.st_ino), static_cast<long long>(s.st_size),
                   static_cast<long long>(s.st_mtim.tv_sec), static_cast<long long>(s.st_mtim.tv_nsec),
                   static_cast<long long>(s.st_ctim.tv_sec), static_cast<long long>(s.st_ctim.tv_nsec)})
      out += std::to_string(n) + ",";
    out += ";";
  }
  return out;
}

} // namespace

void tls_store::look_again() noexcept {
  for (auto& [k, l] : all_)
    l.looked = clock::time_point::min();
}

result<tls_context> tls_store::get(const key& k, clock::time_point now) {
  const auto& [make, files] = k;
  auto it = all_.find(k);
  if (it == all_.end()) {
    auto stamp = stamp_of(files); // before they are read: what changes meanwhile is seen the next time
    auto made = make(files);
    if (made)
      all_.emplace(k, loaded{*made, std::move(stamp), now});
    return made;
  }
  auto& l = it->second;
  if (l.looked != clock::time_point::min() && now - l.looked < look_after)
    return l.context;
  l.looked = now;
  auto stamp = stamp_of(files);
  if (stamp == l.stamp)
    return l.context;
  l.stamp = std::move(stamp);
  const auto& what = files.certificate.empty() ? files.ca : files.certificate;
  if (auto made = make(files)) {
    l.context = std::move(*made);
    log(level::info, "tls", "took the renewed certificates: " + what);
  } else {
    auto e = std::move(made).error();
    e.cause = "the renewed certificates cannot be used, those before stay in use: " + e.cause;
    log(level::error, "tls", e);
  }
  return l.context;
}

} // namespace ockam
