// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "channels/node_identity.hpp"
#include "identity/memory_vault.hpp"
#include "runtime/core/bare.hpp"
#include "runtime/workers/reply_address.hpp"
#include "runtime/workers/requests.hpp"
#include "sim/relays/support.hpp"
#include "sim/support/node.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

namespace ockam::sim {

inline channels::identity_ptr somebody() {
  namespace ids = identities;
  auto now = static_cast<ids::timestamp>(
    std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count());
  auto keys = std::make_unique<ids::memory_vault>();
  auto who = ids::create_identity(*keys, ids::key_type::ed25519, now);
  return *channels::node_identity::of(std::move(keys), *std::move(who), now);
}

inline node_config config_of(const std::string& name, const std::string& address, std::vector<config_section> items = {}) {
  node_config c;
  c.name = name;
  if (!address.empty())
    c.listeners.push_back({"main", "tcp", address, {}});
  c.services.push_back({"hop", "hop", {}});
  c.items = std::move(items);
  return c;
}

/// Answers with who has asked.
class who_asks final : public worker {
  void on_message(message_ptr m) override {
    auto who = m->identity() ? *m->identity() : "nobody";
    reply_text(std::move(m), who);
  }
};

/// Passes messages on as a hop does, after the test has had its way with them: it may keep, change or double them.
class meddler final : public worker {
 public:
  using way = std::function<std::vector<message_ptr>(message_ptr)>;
  explicit meddler(std::shared_ptr<way> w) : way_{std::move(w)} {}
  void on_message(message_ptr m) override {
    if (!*way_)
      return forward(std::move(m));
    for (auto& one : (*way_)(std::move(m)))
      forward(std::move(one));
  }

 private:
  std::shared_ptr<way> way_;
};

//   me, at node a ══ channel `c` ══ tcp ══ listener `api` of node b ── services
class secure_channel : public testing::Test {
 protected:
  static constexpr const char* b_at = "127.0.0.1:4000";
  static constexpr const char* to_api = "/ip4/127.0.0.1/tcp/4000/service/api";

  secure_channel() {
    start_a();
    start_b();
  }

  void start_a() {
    a.emplace(net, config_of("a", ""), services_with_relays(), id_a);
    auto me = std::make_unique<mailbox>();
    got = &me->got;
    a->start("me", std::move(me));
  }
  void start_b(std::vector<config_section> items = {}) {
    b.emplace(net, config_of("b", b_at, std::move(items)), services_with_relays(), id_b);
    b->start("who", std::make_unique<who_asks>());
  }

  /// As an event of the node; what went wrong, or nothing.
  std::string begin(node& n, const char* kind, const std::string& name, option_texts keys) {
    std::string wrong;
    n.reactor().post([&wrong, f = n.parts().facilities.find(kind), s = config_section{kind, name, std::move(keys)}] {
      if (auto begun = f->begin(s); !begun)
        wrong = begun.error().cause;
    });
    net.run();
    return wrong;
  }
  void end(node& n, const char* kind, const std::string& name) {
    n.reactor().post([f = n.parts().facilities.find(kind), name] { (void)f->end(name); });
    net.run();
  }
  void connect(option_texts keys = {}, const std::string& name = "c") {
    keys.try_emplace("to", to_api);
    ASSERT_EQ(begin(*a, "secure-channel", name, std::move(keys)), "");
  }
  static std::string field(node& n, const char* kind, const std::string& name, std::string_view what) {
    for (const auto& i : n.parts().facilities.find(kind)->list())
      if (i.name == name)
        for (const auto& [key, value] : i.fields)
          if (key == what)
            return value;
    return "none";
  }
  std::string state(const std::string& name = "c") { return field(*a, "secure-channel", name, "state"); }

  /// From `me` of node a: the text that comes back, the words of a report, or `nothing`.
  std::string ask(const route& to, const std::string& text = "hello") {
    got->clear();
    admit_answers(a->board(), address{"me"}, to.front());
    auto body = text_payload(text);
    a->send(to, {reinterpret_cast<const char*>(body.bytes().data()), body.size()}, "me", true);
    return said();
  }
  std::string said() {
    if (got->empty())
      return "nothing";
    if (const auto* r = got->back()->header.get_report())
      return to_error(*r).cause;
    return std::string{got->back()->text().value_or("not text")};
  }
  /// Goes on until it is so, for so long of the simulated time.
  bool within(std::chrono::milliseconds time, const std::function<bool()>& is_so) {
    constexpr std::chrono::milliseconds step{100};
    for (std::chrono::milliseconds t{0}; !is_so() && t < time; t += step)
      net.advance(step);
    return is_so();
  }

  network net;
  channels::identity_ptr id_a = somebody(), id_b = somebody();
  std::optional<node> a, b;
  std::vector<message_ptr>* got = nullptr;
};

} // namespace ockam::sim
