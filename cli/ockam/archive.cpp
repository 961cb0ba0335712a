// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/archive.hpp"

#include "cli/ockam/run_program.hpp"
#include "cli/state/files.hpp"
#include "runtime/core/address.hpp"
#include "runtime/core/hex.hpp"

#include <openssl/evp.h>

#include <array>
#include <cerrno>
#include <ctime>
#include <fcntl.h>
#include <span>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace ockam::cli {

namespace fs = std::filesystem;

namespace {

result<void> write_private(const fs::path& p, const std::string& text) {
  auto fd = ::open(p.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
  if (fd < 0)
    return system_error("cannot write " + p.string(), errno);
  int err = 0;
  for (std::size_t done = 0; done < text.size() && err == 0;) {
    auto n = ::write(fd, text.data() + done, text.size() - done);
    if (n < 0 && errno != EINTR)
      err = errno;
    done += n < 0 ? 0 : static_cast<std::size_t>(n);
  }
  ::close(fd);
  return err == 0 ? result<void>{} : result<void>{system_error("cannot write " + p.string(), err)};
}

result<void> make_private_directory(const fs::path& p) {
  if (::mkdir(p.c_str(), 0700) == 0 || errno == EEXIST)
    return {};
  if (errno != ENOENT || !p.has_parent_path())
    return system_error("cannot make " + p.string(), errno);
  auto ok = make_private_directory(p.parent_path());
  return ok ? make_private_directory(p) : ok;
}

/// The first line of what a program has complained of.
error complaint(const std::string& cause, const program_result& r) {
  auto line = r.err.substr(0, r.err.find('\n'));
  return {errc::io_failure, cause + ": " + (line.empty() ? "tar ended with " + std::to_string(r.exit_code) : printable(line)), {}};
}

} // namespace

result<archive_draft> archive_draft::make(const fs::path& file, const std::string& name, const std::string& stem) {
  std::error_code unseen;
  auto absolute = fs::absolute(file, unseen);
  auto draft = draft_directory::make(absolute.parent_path(), stem);
  if (!draft)
    return std::move(draft).error();
  archive_draft out{absolute, *std::move(draft), name};
  if (auto ok = make_private_directory(out.directory()); !ok)
    return std::move(ok).error();
  return out;
}

result<void> archive_draft::add(const fs::path& name, const std::string& text) const {
  auto path = directory() / name;
  if (auto ok = make_private_directory(path.parent_path()); !ok)
    return ok;
  return write_private(path, text);
}

result<void> archive_draft::finish(bool may_replace) const {
  auto draft = (draft_.path() / "archive").string();
  auto done = run_program("tar", {"--create", "--gzip", "--file", draft, "--directory", draft_.path().string(), "--owner=0", "--group=0", "--numeric-owner", name_});
  if (!done)
    return std::move(done).error();
  if (auto ok = unless_interrupted(); !ok) // of which tar has heard as well
    return ok;
  if (done->exit_code != 0)
    return complaint("cannot make " + file_.string(), *done);
  (void)::chmod(draft.c_str(), 0600);
  auto err = may_replace ? (::rename(draft.c_str(), file_.c_str()) == 0 ? 0 : errno) : state::move_to_free_name(draft, file_);
  if (err == 0)
    return {};
  if (err == EEXIST)
    return error{errc::already_exists, file_.string() + " is there already", "choose another name, or --force replaces it"};
  return system_error("cannot write " + file_.string(), err);
}

result<void> unpack(const fs::path& archive, const fs::path& into) {
  if (::access(archive.c_str(), R_OK) != 0)
    return system_error("cannot read " + archive.string(), errno);
  auto done = run_program("tar", {"--extract", "--gzip", "--file", archive.string(), "--directory", into.string(), "--no-same-owner", "--no-same-permissions", "--no-overwrite-dir"});
  if (!done)
    return std::move(done).error();
  if (done->exit_code == 0)
    return {};
  auto e = complaint(archive.string() + " cannot be unpacked", *done);
  e.code = errc::invalid_argument;
  return e;
}

std::string time_of_archive() {
  auto now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char out[32];
  std::strftime(out, sizeof(out), "%Y-%m-%dT%H-%M-%SZ", &parts);
  return out;
}

std::string sha256_hex(const std::string& text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), digest.data(), &size, EVP_sha256(), nullptr);
  return to_hex(std::as_bytes(std::span{digest.data(), size}));
}

} // namespace ockam::cli
