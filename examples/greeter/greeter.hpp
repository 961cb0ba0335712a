// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ockam/service.hpp>

#include <string>

/// Greets whoever a BARE string names. Option `greeting`: what it says before the name.
class greeter final : public ockam::worker {
 public:
  explicit greeter(const ockam::service_options& o) : greeting_{o.text("greeting", "Hello")} {}

  void on_message(ockam::message_ptr m) override {
    auto answer = greeting_ + ", " + std::string{m->text().value_or("whoever you are")};
    ++counter("greeted"); // shown by: ockam worker show
    reply_text(std::move(m), answer);
  }

 private:
  std::string greeting_;
};
