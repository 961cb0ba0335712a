// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "services/lua/file_watcher.hpp"
#include "services/lua/script_options.hpp"
#include "services/lua/script_worker.hpp"

#include <nlohmann/json.hpp>

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace ockam::lua {

/// A child that is a script: what it has of its parent, and what it is told.
struct script_child {
  std::string folder; ///< of the file of its parent
  std::string parent; ///< address
  service_options options;
  sandbox limits; ///< of its parent
  std::shared_ptr<script_family> family;
  std::shared_ptr<account> budget;
};

/// Makes it, and makes it again. Errors: those of its options, its file and its text.
worker_factory child_script(script_child c);

/// A script of a file, which is loaded again when that is another one.
class scripted final : public script_worker {
 public:
  /// `parent`: null, when no worker has started it.
  scripted(const service_options& o, const script_options& own, std::shared_ptr<script_family> family,
           const script_child* parent = nullptr);

  /// Errors: those of the file; `invalid_argument`, `greeter.lua:3: …`.
  result<void> load();
  /// What the script asked for at its top. Errors: those of `service_options::wrong` and `unknown`.
  result<void> check_options() const;

  void on_start() override;
  void on_message(message_ptr m) override;
  void on_stop() noexcept override;

 private:
  /// What a file has come to, from the watcher's thread to the script's: the last of it counts, however long that
  /// takes.
  struct news {
    std::mutex lock;
    std::optional<result<std::string>> text; ///< none: the script has got it
  };
  /// What the one before has left: CBOR; none, or nothing.
  using legacy = std::optional<std::string>;

  const std::string* folder() const override { return &folder_; }
  void on_failure(const outcome& o, message_ptr m) override;
  /// Loads a text, beside the script that runs.
  result<std::unique_ptr<lua_engine>> make(const std::string& text);
  void tell_who_it_is();
  /// Tells the script that runs who it is and calls its on_start with what the one before has left. Error: what that
  /// said; an error after it has waited is one like any other.
  result<void> start_script(const legacy& state);
  /// The file is another one.
  void look_again();
  /// Puts a script in place of the one that runs, which goes on with all that it has when that fails, in its on_start
  /// too.
  result<void> replace(const std::string& text);
  /// What `on_reload` returns, if there is one: plain values; else what was saved.
  legacy take_state();
  legacy left_behind() const;

  std::string file_, folder_;
  std::string parent_;    ///< address; empty: none
  service_options given_; ///< as nobody has asked for any of them, but the node
  rate_limit rate_;       ///< of a child, beside that of the family
  std::uint64_t per_second_;
  bool ends_on_error_;
  std::size_t loaded_ = 0;             ///< a hash of the text
  std::optional<std::string> why_not_; ///< while it starts: what went wrong
  std::shared_ptr<news> news_ = std::make_shared<news>();
  file_watcher::watch watch_;
};

} // namespace ockam::lua
