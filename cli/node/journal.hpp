// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/core/log.hpp"

#include <spdlog/sinks/base_sink.h>

#include <mutex>
#include <string>
#include <string_view>
#include <sys/un.h>

/// The log of a service, in journald's own form: with fields to search by, instead of a line that has them all.
namespace ockam {

inline constexpr const char* journal_socket = "/run/systemd/journal/socket";

/// Whether standard error goes to the journal, as systemd says in `JOURNAL_STREAM` (systemd.exec(5)): a service may have
/// sent it elsewhere.
bool standard_error_is_journal();

/// An entry, as it goes to the journal (systemd's JOURNAL_NATIVE_PROTOCOL): MESSAGE, PRIORITY, SYSLOG_IDENTIFIER,
/// OCKAM_NODE, OCKAM_COMPONENT.
std::string journal_entry(level l, std::string_view node, std::string_view component, std::string_view message);

/// Takes entries of that form. One that the journal does not take, as when it starts anew, goes to standard error,
/// which it reads as well, as a line with its priority in front (sd-daemon(3)).
class journal_log final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  explicit journal_log(const std::string& path = journal_socket);
  ~journal_log() override;

 private:
  void sink_it_(const spdlog::details::log_msg& m) override;
  void flush_() override {}

  int fd_;
  sockaddr_un to_{};
};

} // namespace ockam
