// SPDX-License-Identifier: Apache-2.0
#pragma once

/// Services of your own, in a program of your own or as a plugin of `ockam-node`. A complete one:
///
///     #include <ockam/service.hpp>
///
///     class greeter final : public ockam::worker {
///      public:
///       explicit greeter(const ockam::service_options& o) : greeting_{o.text("greeting", "Hello")} {}
///
///       void on_message(ockam::message_ptr m) override {
///         auto name = m->text().value_or("whoever you are");
///         ++counter("greeted");
///         auto answer = greeting_ + ", " + std::string{name};
///         reply_text(std::move(m), answer);
///       }
///
///      private:
///       std::string greeting_;
///     };
///
/// As a plugin (`[service hello] plugin = greeter.so`, or `ockam service start plugin --file greeter.so
/// --addr hello`) add one line:
///
///     extern "C" const ockam::plugin ockam_plugin{ockam::plugin_of<greeter>()};
///
/// In a program of your own, see `<ockam/node_main.hpp>`. Read on at `ockam::worker`, in the header that this one
/// ends with, which is all that a service can do, and at `<ockam/message.hpp>`, which is what it gets.
///
/// Include `<ockam/NAME.hpp>` and nothing deeper: what lies below these headers moves from version to version.

#include "runtime/core/bare.hpp"
#include "runtime/workers/plugin.hpp"
#include "runtime/workers/service_type.hpp"
#include "runtime/workers/worker.hpp"
