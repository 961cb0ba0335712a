// SPDX-License-Identifier: Apache-2.0
#include "operation/http_endpoint.hpp"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <arpa/inet.h>
#include <chrono>
#include <condition_variable>
#include <fstream>
#include <functional>
#include <mutex>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <thread>
#include <unistd.h>
#include <vector>

namespace ockam::operation {
namespace {

using namespace std::chrono_literals;
using clock = std::chrono::steady_clock;

/// A connection that is closed at the end.
class client {
 public:
  explicit client(const std::string& address) {
    if (address.starts_with('/')) {
      sockaddr_un to{AF_UNIX, {}};
      address.copy(to.sun_path, sizeof(to.sun_path) - 1);
      connect(AF_UNIX, &to, sizeof(to));
    } else {
      sockaddr_in to{};
      to.sin_family = AF_INET;
      to.sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
      to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      connect(AF_INET, &to, sizeof(to));
    }
  }
  ~client() { ::close(fd_); }
  client(const client&) = delete;
  client& operator=(const client&) = delete;

  void send(const std::string& text) const { (void)!::send(fd_, text.data(), text.size(), MSG_NOSIGNAL); }
  /// All that comes until the other end closes.
  std::string rest() const {
    std::string out;
    char some[4096];
    for (ssize_t n; (n = ::recv(fd_, some, sizeof(some), 0)) > 0;)
      out.append(some, static_cast<std::size_t>(n));
    return out;
  }

 private:
  void connect(int family, const void* to, socklen_t size) {
    fd_ = ::socket(family, SOCK_STREAM, 0);
    timeval patience{20, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (::connect(fd_, static_cast<const sockaddr*>(to), size) != 0)
      ADD_FAILURE() << "no connection";
  }
  int fd_ = -1;
};

void answer_at_once(snapshot_request, const std::function<void(node_snapshot)>& done) {
  node_snapshot s;
  s.name = "n1";
  s.version = "1.2.3";
  done(std::move(s));
}

class HttpEndpoint : public testing::Test {
 protected:
  void open(http_config c = {"127.0.0.1:0", {}}, snapshot_source source = answer_at_once) {
    auto opened = http_endpoint::open(c, std::move(source));
    ASSERT_TRUE(opened) << opened.error().cause;
    endpoint = *std::move(opened);
  }
  std::string ask(const std::string& first_line, const std::string& headers = "Host: localhost\r\n") {
    client c{endpoint->address()};
    c.send(first_line + " HTTP/1.1\r\n" + headers + "\r\n");
    return c.rest();
  }
  static int status(const std::string& response) {
    return response.size() > 12 && response.starts_with("HTTP/1.1 ") ? std::stoi(response.substr(9, 3)) : 0;
  }
  static std::string body(const std::string& response) { return response.substr(response.find("\r\n\r\n") + 4); }

  std::unique_ptr<http_endpoint> endpoint;
};

TEST_F(HttpEndpoint, AnswersWhatItIsAskedFor) {
  open();
  EXPECT_EQ(status(ask("GET /health/live")), 200);
  auto ready = ask("GET /health/ready");
  EXPECT_EQ(status(ready), 200);
  EXPECT_EQ(nlohmann::json::parse(body(ready))["ready"], true);
  EXPECT_EQ(nlohmann::json::parse(body(ask("GET /show")))["name"], "n1");
  EXPECT_NE(ask("GET /metrics").find("ockam_build_info{version=\"1.2.3\"} 1"), std::string::npos);
  auto page = ask("GET /");
  EXPECT_NE(page.find("<!doctype html>"), std::string::npos);
  EXPECT_NE(page.find("Content-Security-Policy: default-src 'none'"), std::string::npos);
  EXPECT_EQ(status(ask("GET /page.js")), 200);
  EXPECT_EQ(status(ask("GET /nothing")), 404);
}

TEST_F(HttpEndpoint, KnowsHeadAsTheReferenceDoesAndNoOtherMethods) {
  open();
  auto head = ask("HEAD /");
  EXPECT_EQ(status(head), 200);
  EXPECT_EQ(body(head), "");
  EXPECT_EQ(status(ask("HEAD /show")), 405);
  for (auto method : {"POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
    EXPECT_EQ(status(ask(std::string{method} + " /show")), 405) << method;
}

TEST_F(HttpEndpoint, IsNotReadyWhileTheNodeStops) {
  open();
  endpoint->stopping();
  auto r = ask("GET /health/ready");
  EXPECT_EQ(status(r), 503);
  EXPECT_NE(r.find("stopping"), std::string::npos);
  EXPECT_EQ(status(ask("GET /health/live")), 200);
}

TEST_F(HttpEndpoint, AnswersNobodyWhoNamesAnotherHost) {
  open();
  EXPECT_EQ(status(ask("GET /show", "Host: evil.example\r\n")), 403);
  EXPECT_EQ(status(ask("GET /show", "Host: 127.0.0.1:80\r\n")), 200);
}

TEST_F(HttpEndpoint, WantsTheTokenWhereThereIsOne) {
  auto path = testing::TempDir() + "ockam-http-token-" + std::to_string(::getpid());
  std::ofstream{path} << "0123456789abcdef\n";
  open({"127.0.0.1:0", path});
  auto refused = ask("GET /metrics", "Host: any.example\r\n");
  EXPECT_EQ(status(refused), 401);
  EXPECT_NE(refused.find("WWW-Authenticate"), std::string::npos);
  EXPECT_EQ(status(ask("GET /metrics", "Host: x\r\nAuthorization: Bearer 0123456789abcdeX\r\n")), 401);
  EXPECT_EQ(status(ask("GET /metrics", "Host: x\r\nAuthorization: Bearer 0123456789abcdef\r\n")), 200);
  EXPECT_EQ(status(ask("GET /health/live", "Host: x\r\n")), 200);
  ::unlink(path.c_str());
}

TEST_F(HttpEndpoint, DoesNotOpenForOthersWithoutAToken) {
  auto opened = http_endpoint::open({"0.0.0.0:0", {}}, answer_at_once);
  ASSERT_FALSE(opened);
  EXPECT_EQ(opened.error().code, errc::invalid_config);
}

TEST_F(HttpEndpoint, SaysWhenThePortIsTaken) {
  open();
  auto again = http_endpoint::open({endpoint->address(), {}}, answer_at_once);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code, errc::address_in_use);
}

TEST_F(HttpEndpoint, ListensOnAUnixSocketForItsUserOnly) {
  auto path = testing::TempDir() + "ockam-http-" + std::to_string(::getpid());
  open({path, {}});
  EXPECT_EQ(status(ask("GET /show", "Host: anything\r\n")), 200);
  endpoint.reset();
  EXPECT_NE(::access(path.c_str(), F_OK), 0) << "its file is left";
}

TEST_F(HttpEndpoint, SaysThatTheNodeDoesNotAnswer) {
  open({"127.0.0.1:0", {}}, [](snapshot_request, auto) {});
  EXPECT_EQ(status(ask("GET /health/live")), 503);
}

TEST_F(HttpEndpoint, ServesOthersBesideClientsThatSayOrReadNothing) {
  open();
  std::vector<std::unique_ptr<client>> silent;
  for (int i = 0; i < 20; ++i) {
    silent.push_back(std::make_unique<client>(endpoint->address()));
    if (i % 2 == 0)
      silent.back()->send("GET /show HTTP/1.1\r\nHost: localh");
  }
  EXPECT_EQ(status(ask("GET /metrics")), 200);
}

// 32 clients that said nothing took health and metrics away from everybody else.
TEST_F(HttpEndpoint, ServesOthersAlthoughAllPlacesAreTakenByWhoSaysNothing) {
  open();
  std::vector<std::unique_ptr<client>> all;
  for (int i = 0; i < 200; ++i) {
    all.push_back(std::make_unique<client>(endpoint->address()));
    if (i % 2 == 0)
      all.back()->send("POST /trace HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{");
  }
  auto begun = clock::now();
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(status(ask("GET /health/live")), 200);
  EXPECT_LT(clock::now() - begun, 5s) << "the silent ones have 10";
  EXPECT_EQ(all.front()->rest().find(" 200 "), std::string::npos) << "the oldest had to go";
}

TEST_F(HttpEndpoint, ServesOthersAlthoughAllPlacesAreTakenByWhoDoesNotRead) {
  open({"127.0.0.1:0", {}}, [](snapshot_request what, const std::function<void(node_snapshot)>& done) {
    node_snapshot s;
    s.name = what.links == snapshot_request::which_links::all ? std::string(6u << 20, 'n') : "n1"; // more than a socket takes
    done(std::move(s));
  });
  std::vector<std::unique_ptr<client>> all;
  for (int i = 0; i < 36; ++i) {
    all.push_back(std::make_unique<client>(endpoint->address()));
    all.back()->send("GET /show HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  auto until = clock::now() + 8s; // before those that do not read have had their time
  int got = 0;
  while ((got = status(ask("GET /health/live"))) != 200 && clock::now() < until)
    std::this_thread::yield();
  EXPECT_EQ(got, 200);
}

TEST_F(HttpEndpoint, ClosesConnectionsWhileEachPlaceHasARequestThatIsBeingAnswered) {
  std::mutex lock;
  std::vector<std::function<void(node_snapshot)>> asked;
  std::condition_variable more;
  open({"127.0.0.1:0", {}}, [&](snapshot_request, auto done) {
    std::lock_guard held{lock};
    asked.push_back(std::move(done));
    more.notify_all();
  });
  std::vector<std::unique_ptr<client>> all;
  for (int i = 0; i < 32; ++i) {
    all.push_back(std::make_unique<client>(endpoint->address()));
    all.back()->send("GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n");
  }
  {
    std::unique_lock held{lock};
    ASSERT_TRUE(more.wait_for(held, 10s, [&] { return asked.size() == 32; }));
  }
  client late{endpoint->address()};
  EXPECT_EQ(late.rest(), "");
  for (auto& done : asked)
    done({});
  for (const auto& c : all)
    EXPECT_NE(status(c->rest()), 0) << "it was cut off";
}

TEST_F(HttpEndpoint, DoesNotOfferPartsOfAnAnswer) {
  open();
  for (auto* what : {"HEAD /", "GET /page.js", "GET /metrics", "GET /nothing"})
    EXPECT_EQ(ask(what).find("Accept-Ranges"), std::string::npos) << what;
}

TEST_F(HttpEndpoint, EndsAtOnceAlthoughClientsAreConnected) {
  open();
  std::vector<std::unique_ptr<client>> all;
  for (int i = 0; i < 8; ++i)
    all.push_back(std::make_unique<client>(endpoint->address()));
  EXPECT_EQ(status(ask("GET /health/live")), 200); // all of them have been accepted
  auto begun = clock::now();
  endpoint.reset();
  EXPECT_LT(clock::now() - begun, 5s); // they may take 10
}

// One request of 8 KiB got 49 MB, all of it in memory at once.
TEST_F(HttpEndpoint, GivesNoPartsOfAnAnswer) {
  open();
  auto whole = body(ask("GET /page.js"));
  std::string ranges = "0-";
  for (int i = 0; i < 1'000; ++i)
    ranges += ",0-";
  for (const auto& wanted : {std::string{"0-"}, std::string{"5-9"}, ranges}) {
    auto r = ask("GET /page.js", "Host: localhost\r\nRange: bytes=" + wanted + "\r\n");
    EXPECT_EQ(status(r), 200);
    EXPECT_EQ(body(r), whole);
  }
}

TEST_F(HttpEndpoint, LetsOthersInWithoutClosing) {
  auto path = testing::TempDir() + "ockam-http-renewed-" + std::to_string(::getpid());
  std::ofstream{path} << "0123456789abcdef\n";
  http_config c{"127.0.0.1:0", path};
  open(c);
  auto at = endpoint->address();
  auto with = [&](const std::string& token) { return status(ask("GET /show", "Host: x\r\nAuthorization: Bearer " + token + "\r\n")); };
  EXPECT_EQ(with("0123456789abcdef"), 200);
  EXPECT_FALSE(endpoint->admit(*http_endpoint::read_access(c))) << "nothing is new";
  std::ofstream{path} << "fedcba9876543210\n";
  EXPECT_TRUE(endpoint->admit(*http_endpoint::read_access(c)));
  EXPECT_EQ(with("0123456789abcdef"), 401);
  EXPECT_EQ(with("fedcba9876543210"), 200);
  EXPECT_EQ(endpoint->address(), at);
  ::unlink(path.c_str());
  EXPECT_FALSE(http_endpoint::read_access(c));
}

TEST_F(HttpEndpoint, LivesThroughWhatIsNoRequest) {
  open();
  for (const std::string& bad :
       {std::string{"\0\0\0\0\r\n\r\n", 8}, std::string{"GET\r\n\r\n"}, std::string{"GET / HTTP/9.9\r\n\r\n"}, std::string(100'000, 'A'),
        "GET /" + std::string(20'000, 'a') + " HTTP/1.1\r\n\r\n", "GET /show HTTP/1.1\r\nHost: localhost\r\nRange: bytes=" + std::string(7'000, '0') + "-\r\n\r\n",
        "GET /show HTTP/1.1\r\nHost: localhost\r\nRange: bytes=0-0" + [] { std::string s; for (int i = 0; i < 1'500; ++i) s += ",0-0"; return s; }() + "\r\n\r\n",
        std::string{"GET /show HTTP/1.1\r\nContent-Length: 99999999999999999999\r\nHost: localhost\r\n\r\n"},
        std::string{"GET /%00%ff%2e%2e/ HTTP/1.1\r\nHost: localhost\r\n\r\n"},
        std::string{"POST /show HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nx"}}) {
    client c{endpoint->address()};
    c.send(bad);
    (void)c.rest();
  }
  EXPECT_EQ(status(ask("GET /show")), 200);
}

} // namespace
} // namespace ockam::operation
