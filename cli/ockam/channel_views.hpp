// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/ockam/columns.hpp"
#include "cli/ockam/output.hpp"

#include "proto/control.pb.h"

#include <string>

/// Secure channels and their listeners, as JSON in the shapes of the reference, and as text for people.
namespace ockam::cli {

json channel_view(const control::Item& i);
std::string text_of_channel(const control::Item& i);
columns table_of_channels(const google::protobuf::RepeatedPtrField<control::Item>& list);

columns table_of_channel_listeners(const google::protobuf::RepeatedPtrField<control::Item>& list);
json channel_listener_view(const control::Item& i);
std::string text_of_channel_listener(const control::Item& i);

/// A listener as `node show` has it: its address as the bytes that it is on the wire.
json channel_listener_status(const control::Item& i);

} // namespace ockam::cli
