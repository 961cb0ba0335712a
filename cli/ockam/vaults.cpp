// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/vaults.hpp"

#include "identity/file_vault.hpp"
#include "identity/passphrase.hpp"
#include "identity/private_file.hpp"
#include "identity/token_vault.hpp"
#include "runtime/core/address.hpp"
#include "runtime/core/suggest.hpp"

#include <algorithm>
#include <cerrno>

namespace ockam::cli {

namespace {

namespace fs = std::filesystem;
using identities::file_vault;
using identities::secret;

/// `vault-NAME.lock` is still the name of a file.
constexpr std::size_t longest_name = 200;

bool there(const fs::path& p) {
  std::error_code unseen;
  return fs::exists(fs::symlink_status(p, unseen));
}

fs::path lock_of(const fs::path& p) { return p.string() + ".lock"; }

/// Where the file really is, so that one file is not two vaults.
fs::path real_path(const fs::path& p) {
  std::error_code failed;
  auto out = fs::weakly_canonical(p, failed);
  return failed ? p : out;
}

bool has_control_characters(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

result<fs::path> usable_path(const std::string& given) {
  if (given.empty() || has_control_characters(given))
    return error{errc::invalid_argument, "\"" + printable(given) + "\" cannot be the file of a vault", {}};
  return fs::absolute(given).lexically_normal();
}

result<secret> typed(const invocation& in, const std::string& prompt) {
  if (in.args.has("no-input") || ::getenv("NO_INPUT"))
    return error{errc::not_found, "nobody can be asked for a passphrase", "make the vault with --passphrase-file FILE"};
  return identities::passphrase::ask(prompt);
}

/// The vault has been made with a passphrase that was typed: it opens with what is typed again.
result<void> check_typed_again(const invocation& in, const fs::path& path) {
  auto again = typed(in, "The same passphrase again: ");
  if (!again)
    return std::move(again).error();
  auto opened = file_vault::open(path.string(), &*again);
  if (opened)
    return {};
  auto e = std::move(opened).error();
  return e.code == errc::permission_denied ? error{errc::invalid_argument, "the two passphrases are not the same", {}}
                                           : e;
}

result<void> make_token_file(const new_vault& what, const fs::path& path, bool existed,
                             const std::optional<secret>& pin) {
  if (existed)
    return error{errc::already_exists, path.string() + " is there already", "name a file that is not there"};
  if (!pin)
    return error{errc::invalid_argument, "a token needs its PIN",
                 "give it with --passphrase-file FILE, or --passphrase to type it"};
  return identities::token_vault::make(path.string(), what.module, what.token, *pin);
}

/// Makes the file, or opens the one that is there. The passphrase is typed twice for a new one.
result<void> make_file(const invocation& in, const new_vault& what, const fs::path& path, bool existed) {
  std::optional<secret> passphrase;
  if (what.asks || !what.passphrase_file.empty()) {
    auto given = what.asks ? typed(in, "Passphrase of vault " + printable(what.name) + ": ")
                           : identities::passphrase::from_file(what.passphrase_file);
    if (!given)
      return std::move(given).error();
    passphrase = *std::move(given);
  }
  if (!what.token.empty())
    return make_token_file(what, path, existed, passphrase);
  auto opened = file_vault::open(path.string(), passphrase ? &*passphrase : nullptr);
  if (!opened)
    return std::move(opened).error();
  return what.asks && !existed ? check_typed_again(in, path) : result<void>{};
}

void remove_files(const fs::path& path) {
  std::error_code ignored;
  for (const auto& p : files_of_vault(path))
    fs::remove(p, ignored);
}

/// A vault whose file nobody else has.
result<void> check_free(const std::vector<state::vault_row>& all, const new_vault& what, const fs::path& path) {
  for (const auto& v : all) {
    if (v.name == what.name)
      return error{errc::already_exists, "A vault named " + printable(what.name) + " already exists",
                   "Please try using a different name or delete the existing vault"};
    if (real_path(v.path) == real_path(path))
      return error{errc::already_exists, path.string() + " is the file of the vault " + printable(v.name), {}};
  }
  return {};
}

/// Nobody changes it meanwhile.
result<void> copy_file(const std::string& from, const std::string& to) {
  auto held = identities::private_file::guard::of(from);
  auto content =
    held ? identities::private_file::read(from, file_vault::max_file) : result<secret>{std::move(held).error()};
  return content ? identities::private_file::replace(to, content->bytes()) : std::move(content).error();
}

result<std::vector<state::vault_row>> all_vaults(invocation& in) {
  auto db = in.database();
  if (!db)
    return std::move(db).error();
  return (*db)->vaults();
}

} // namespace

result<void> check_vault_name(std::string_view name) {
  if (name.size() <= longest_name && name.find('/') == std::string_view::npos && !has_control_characters(name))
    return {};
  return error{errc::invalid_argument, "\"" + printable(name) + "\" cannot be the name of a vault",
               "its file is named after it: no / and no control characters, at most " + std::to_string(longest_name)
                 + " bytes"};
}

result<state::vault_row> known_vault(invocation& in, const std::string& name) {
  auto all = all_vaults(in);
  if (!all)
    return std::move(all).error();
  std::vector<std::string> names;
  for (auto& v : *all) {
    if (v.name == name)
      return std::move(v);
    names.push_back(v.name);
  }
  auto near = nearest(name, names);
  return error{errc::not_found, "The vault " + printable(name) + " was not found",
               near ? "did you mean " + printable(*near) + "?" : "see them with: ockam vault list"};
}

result<std::optional<state::vault_row>> vault_or_default(invocation& in, const std::optional<std::string>& given) {
  if (given) {
    auto v = known_vault(in, *given);
    return v ? result<std::optional<state::vault_row>>{*std::move(v)} : std::move(v).error();
  }
  auto all = all_vaults(in);
  if (!all)
    return std::move(all).error();
  if (all->empty())
    return std::optional<state::vault_row>{};
  auto it = std::find_if(all->begin(), all->end(), [&](const auto& v) { return v.is_chosen || all->size() == 1; });
  if (it != all->end())
    return std::optional{std::move(*it)};
  return error{errc::invalid_argument,
               "There are " + std::to_string(all->size()) + " vaults, please specify which vault should be used",
               "choose the one that is meant where none is named with: ockam vault default NAME"};
}

result<state::vault_row> create_vault(invocation& in, const new_vault& what) {
  auto path = what.path.empty() ? result<fs::path>{in.home.vault_file(what.name)} : usable_path(what.path);
  if (!path)
    return std::move(path).error();
  if (auto ok = check_vault_name(what.name); !ok)
    return std::move(ok).error();
  auto all = all_vaults(in);
  if (!all)
    return std::move(all).error();
  if (auto ok = check_free(*all, what, *path); !ok)
    return std::move(ok).error();
  state::vault_row row{.name = what.name,
                       .path = path->string(),
                       .is_default = all->empty(),
                       .is_sealed = what.asks || !what.passphrase_file.empty(),
                       .is_token = !what.token.empty()};
  if (!what.passphrase_file.empty())
    row.passphrase_file = fs::absolute(what.passphrase_file).lexically_normal().string();
  identities::forbid_core_dumps();
  bool existed = there(*path), had_lock = there(lock_of(*path));
  if (std::error_code unseen; existed && !fs::is_regular_file(*path, unseen))
    return error{errc::invalid_argument, path->string() + " is no file", {}};
  auto done = make_file(in, what, *path, existed);
  if (done)
    done = (*in.database())->add_vault(row);
  if (!done) {
    std::error_code ignored;
    if (!existed)
      remove_files(*path);
    else if (!had_lock)
      fs::remove(lock_of(*path), ignored);
    return std::move(done).error();
  }
  if (existed)
    in.out.warn(row.path + " is a vault already: its keys are those of " + printable(row.name));
  return row;
}

/// First copied, then the row says so, then the old one goes: whatever happens in between, no key is lost.
result<void> move_vault(invocation& in, const state::vault_row& v, const std::string& given) {
  auto to = usable_path(given);
  if (!to)
    return std::move(to).error();
  if (there(*to))
    return error{errc::already_exists, to->string() + " is there already", "name a file that is not there"};
  identities::forbid_core_dumps();
  if (auto ok = copy_file(v.path, to->string()); !ok)
    return ok;
  using identities::token_vault;
  if (auto more = token_vault::static_file(v.path); v.is_token && there(more))
    if (auto ok = copy_file(more, token_vault::static_file(to->string())); !ok) {
      remove_files(*to);
      return ok;
    }
  if (auto ok = (*in.database())->move_vault(v.name, to->string()); !ok) {
    remove_files(*to);
    return ok;
  }
  remove_files(v.path);
  return {};
}

result<void> delete_vault(invocation& in, const state::vault_row& v) {
  auto db = in.database();
  if (!db)
    return std::move(db).error();
  if (auto ok = (*db)->remove_vault(v.name); !ok)
    return ok;
  std::error_code failed;
  fs::remove(v.path, failed);
  if (failed && failed != std::errc::no_such_file_or_directory)
    in.out.warn("The file of the vault is still there: " + v.path + ": " + failed.message());
  remove_files(v.path);
  return {};
}

result<std::unique_ptr<identities::vault>> open_vault(invocation& in, const state::vault_row& v) {
  if (!there(v.path))
    return error{errc::not_found, "the file of the vault " + printable(v.name) + " is gone: " + v.path,
                 "put it back, or delete what is left of it"};
  identities::forbid_core_dumps();
  std::optional<secret> passphrase;
  if (v.is_sealed) {
    auto given = v.passphrase_file ? identities::passphrase::from_file(*v.passphrase_file)
                                   : typed(in, "Passphrase of vault " + printable(v.name) + ": ");
    if (!given)
      return error{given.error().code, "the vault " + printable(v.name) + " is sealed: " + given.error().cause,
                   given.error().hint};
    passphrase = *std::move(given);
  }
  return identities::open_vault_file(v.path, passphrase ? &*passphrase : nullptr);
}

std::vector<fs::path> files_of_vault(const fs::path& file) {
  fs::path more{identities::token_vault::static_file(file.string())};
  return {file, more, lock_of(file), lock_of(more)};
}

json view(const state::vault_row& v) {
  return {{"vault",
           {{"name", v.name},
            {"is_default", v.is_default},
            {"vault_type", {{"LocalFileVault", {{"path", v.path}, {"use_aws_kms", "No"}}}}},
            {"kind", v.is_token ? "token" : "file"},
            {"is_sealed", v.is_sealed},
            {"passphrase_file", v.passphrase_file ? json(*v.passphrase_file) : json{}}}}};
}

} // namespace ockam::cli
