// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sim/support/node.hpp"

#include <gtest/gtest.h>

#include <random>
#include <stdexcept>
#include <string>

namespace ockam::sim {

//   client ══ inlet (node app) ══ tcp ══ (node db) outlet ══ target, which the test plays
class portal : public testing::Test {
 protected:
  static constexpr const char* target_at = "10.0.0.9:5432";
  static constexpr const char* inlet_at = "127.0.0.1:15432";

  /// As an event of the node.
  void begin(node& n, const char* kind, const std::string& name, option_texts keys) {
    n.reactor().post([f = n.parts().facilities.find(kind), s = config_section{kind, name, std::move(keys)}] {
      if (auto begun = f->begin(s); !begun)
        throw std::logic_error{begun.error().cause};
    });
    net.run();
  }
  void end(node& n, const char* kind, const std::string& name) {
    n.reactor().post([f = n.parts().facilities.find(kind), name] {
      if (!f->end(name))
        throw std::logic_error{"there is none"};
    });
    net.run();
  }

  /// Both ends, up.
  void open(option_texts outlet = {}, option_texts inlet = {}) {
    where = db.listen();
    outlet.emplace("to", target_at);
    begin(db, "tcp-outlet", "outlet", outlet);
    inlet.emplace("from", inlet_at);
    inlet.emplace("to", "/ip4/127.0.0.1/tcp/" + where.substr(where.find(':') + 1) + "/service/outlet");
    begin(app, "tcp-inlet", "db", inlet);
    ASSERT_EQ(field(app, "tcp-inlet", "db", "state"), "up") << field(app, "tcp-inlet", "db", "reason");
  }

  std::string field(node& n, const char* kind, const std::string& name, const std::string& of) {
    for (const auto& i : n.parts().facilities.find(kind)->list())
      for (const auto& [key, value] : i.fields)
        if (i.name == name && key == of)
          return value;
    return "none";
  }
  std::string of_inlet(const std::string& what) { return field(app, "tcp-inlet", "db", what); }
  std::string of_outlet(const std::string& what) { return field(db, "tcp-outlet", "outlet", what); }

  client dial() {
    auto c = net.dial(inlet_at);
    net.run();
    return c;
  }
  client accept() {
    net.run();
    return target.accept();
  }

  static std::string noise(std::size_t n, unsigned seed = 1) {
    std::mt19937 r{seed};
    std::string out(n, '\0');
    for (auto& c : out)
      c = static_cast<char>(r());
    return out;
  }

  /// Sends all of it, and reads what comes out at the other end.
  std::string pump(client& from, client& to, const std::string& what) {
    std::string got;
    std::size_t sent = 0;
    while (got.size() < what.size()) {
      auto before = sent + got.size();
      sent += from.offer(std::string_view{what}.substr(sent));
      net.run();
      got += to.receive();
      net.run();
      if (sent + got.size() == before)
        break;
    }
    return got;
  }

  /// Nothing is left of any stream.
  void expect_nothing_left() {
    net.advance(std::chrono::seconds{4}); // they part
    EXPECT_EQ(of_inlet("connections"), "0");
    EXPECT_EQ(of_outlet("connections"), "0");
    EXPECT_EQ(app.budget().used(), 0u);
    EXPECT_EQ(db.budget().used(), 0u);
    for (auto* n : {&app, &db})
      n->board().each([](const address& a, const worker_entry& e) { EXPECT_FALSE(e.type.ends_with("-stream")) << a.name; });
  }

  network net;
  node app{net, "app"};
  node db{net, "db"};
  server& target = net.serve(target_at);
  std::string where;
};

} // namespace ockam::sim
