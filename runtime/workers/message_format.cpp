// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/message_format.hpp"

#include "runtime/core/provenance.hpp"
#include "runtime/workers/actor_request.hpp"

#include <caf/sec.hpp>

namespace ockam {

message_ptr shared_message::take(std::size_t own) {
  if (!has_others(own))
    return std::move(message_);
  auto& m = *message_;
  auto answered = std::make_unique<message>();
  answered->header.push_onward(m.header.next());
  m.header.each_return([&](address_view a) { answered->header.append_return(a); });
  answered->header.flags(m.header.flags());
  answered->header.hop_budget(m.header.hop_budget());
  answered->header.traced(m.header.traced());
  answered->seen = m.seen;
  answered->held = std::move(m.held);
  provenance::inherit(*answered, m);
  return answered;
}

namespace {

class plain final : public message_format {
 public:
  caf::error write_request(caf::type_erased_tuple& what, bool, request& out) const override {
    auto body = payload_of(what);
    if (!body)
      return caf::make_error(caf::sec::unexpected_message);
    out.body = std::move(*body);
    return {};
  }

  caf::mailbox_element_ptr read_reply(message_ptr m, std::uint32_t, caf::strong_actor_ptr from,
                                      caf::message_id id) const override {
    return caf::make_mailbox_element(std::move(from), id, {}, reply{caf::make_counted<shared_message>(std::move(m))});
  }

  bool read_request(const shared_message_ptr& m, const caf::strong_actor_ptr& from, caf::message_id id, asked& out,
                    answer&) const override {
    if (!out.what) {
      out.what = caf::make_mailbox_element(from, id, {}, ockam::request{m});
      out.plain = &request_of(*out.what);
      return true;
    }
    if (!out.what->sender) // a promise had it
      out.what->sender = from;
    out.what->mid = id;
    if (auto& r = request_of(*out.what); !r.is(m))
      r = ockam::request{m};
    return true;
  }

  void let_go(asked& what) const override {
    if (what.what)
      request_of(*what.what) = ockam::request{nullptr};
  }

  answer write_reply(caf::type_erased_tuple& what, std::uint32_t) const override {
    if (auto body = payload_of(what))
      return {std::move(body), {}};
    if (what.size() == 0) // of a handler that returns nothing
      return {};
    return {std::nullopt, "the actor answered with what is no payload"};
  }

  answer write_error(const caf::error& e, const std::string& words) const override {
    return {std::nullopt, e == caf::sec::unexpected_message ? "the actor does not handle requests" : words};
  }

 private:
  /// Of an element that `read_request` has made.
  static ockam::request& request_of(caf::mailbox_element& e) {
    return std::get<0>(static_cast<caf::mailbox_element_vals<ockam::request>&>(e).data());
  }
  static std::optional<payload> payload_of(caf::type_erased_tuple& what) {
    if (what.match_elements<content>()) {
      payload out;
      what.get_mutable_as<content>(0).move_to(out);
      return out;
    }
    if (what.match_elements<std::string>())
      return text_payload(what.get_as<std::string>(0));
    if (what.match_elements<ockam::request>())
      return payload{what.get_as<ockam::request>(0).bytes()};
    if (what.match_elements<reply>())
      return payload{what.get_as<reply>(0).bytes()};
    return std::nullopt;
  }
};

} // namespace

const message_format& plain_format() {
  static const plain one;
  return one;
}

} // namespace ockam
