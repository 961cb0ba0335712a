// SPDX-License-Identifier: Apache-2.0
#include "sim/support/node.hpp"
#include "sim/support/wire.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

namespace ockam::sim {
namespace {

//   n1: test ══ uds ══ n2: hop ══ tcp ══ n3: uppercase
TEST(uds_link, carries_messages_beside_tcp) {
  network net;
  node n1{net, "n1"}, n2{net, "n2"}, n3{net, "n3"};
  n2.start("hop");
  auto path = n2.listen("/run/n2.sock", {"services"}, "uds");
  EXPECT_EQ(path, "/run/n2.sock");
  auto to_n2 = n1.connect(path, {}, "uds");
  auto to_n3 = n2.connect(n3.listen());
  ASSERT_TRUE(to_n2);
  ASSERT_TRUE(to_n3);
  EXPECT_EQ(n1.link().transport, "uds");
  EXPECT_EQ(n1.link().socket_address, path);
  auto box = std::make_unique<mailbox>();
  auto& got = box->got;
  n1.start("box", std::move(box));
  n1.send({*to_n2, "hop", *to_n3, "uppercase"}, "\x05hello", "box");
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0]->body.text(), "\x05HELLO");
}

TEST(uds_link, speaks_the_frames_of_tcp) {
  network net;
  node n1{net};
  auto peer = net.dial(n1.listen("/run/n1.sock", {"services"}, "uds"));
  peer.send(preamble + frame({"echo"}, {"a"}, "hello"));
  net.run();
  auto in = peer.receive();
  ASSERT_EQ(in.substr(0, 1), preamble);
  in.erase(0, 1);
  auto frames = take_frames(in);
  ASSERT_EQ(frames.size(), 1u);
  EXPECT_EQ(frames[0].body, "hello");
}

TEST(uds_link, a_service_knows_the_user_at_the_other_end) {
  network net;
  node n1{net};
  struct teller final : worker {
    void on_message(message_ptr m) override {
      auto who = m->identity() ? *m->identity() : "nobody";
      reply_text(std::move(m), who);
    }
  };
  n1.start("teller", std::make_unique<teller>());
  auto peer = net.dial(n1.listen("/run/n1.sock", {"teller"}, "uds"));
  peer.send(preamble + frame({"teller"}, {"a"}, ""));
  net.run();
  auto in = peer.receive().substr(1);
  auto frames = take_frames(in);
  ASSERT_EQ(frames.size(), 1u);
  auto who = "uid=" + std::to_string(::geteuid());
  EXPECT_EQ(frames[0].body, std::string(1, static_cast<char>(who.size())) + who);
  EXPECT_EQ(n1.link().identity, who);
}

TEST(uds_link, refuses_what_is_no_path_and_what_is_taken) {
  network net;
  node n1{net, "n1"}, n2{net, "n2"};
  n1.listen("/run/n1.sock", {}, "uds");
  auto listen = [](node& n, const std::string& where, transport_options extra) {
    errc code = errc::ok;
    n.over("uds").listen(where, {{}, std::move(extra)}, [&](result<listener_info> l) {
      if (!l)
        code = l.error().code;
    });
    return code;
  };
  EXPECT_EQ(listen(n2, "/run/n1.sock", {}), errc::address_in_use);
  EXPECT_EQ(listen(n2, "n2.sock", {}), errc::invalid_address);
  EXPECT_EQ(listen(n2, "/run/n2.sock", {{"mode", "everybody"}}), errc::invalid_argument);
  EXPECT_EQ(listen(n2, "/run/n2.sock", {{"mod", "600"}}), errc::invalid_argument);
  EXPECT_EQ(listen(n2, "/run/n2.sock", {{"mode", "660"}}), errc::ok);
  auto nobody = n2.connect("/run/nobody.sock", {}, "uds");
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().code, errc::unreachable);
}

} // namespace
} // namespace ockam::sim
