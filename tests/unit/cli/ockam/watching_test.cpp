// SPDX-License-Identifier: Apache-2.0
// What bench, top and logs make of what they are told.
#include "cli/ockam/bench_result.hpp"
#include "cli/ockam/http_get.hpp"
#include "cli/ockam/jq.hpp"
#include "cli/ockam/log_reader.hpp"
#include "cli/ockam/top_view.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>

namespace ockam::cli {
namespace {

bench_result some_result(int answers) {
  bench_result r;
  r.what = "/service/echo";
  r.size = 100;
  r.in_flight = 1;
  r.elapsed_us = 1'000'000;
  for (int i = 1; i <= answers; ++i) {
    r.latencies.add(std::chrono::microseconds{i});
    r.sum_ns += i * 1000;
  }
  r.sent = r.answered = r.answered_in_time = static_cast<std::uint64_t>(answers);
  r.least_ns = 1000;
  r.most_ns = static_cast<std::uint64_t>(answers) * 1000;
  return r;
}

TEST(bench_result, has_percentiles_and_throughput) {
  auto j = to_json(some_result(1000));
  EXPECT_EQ(j["messages_per_second"], 1000);
  EXPECT_EQ(j["bytes_per_second"], 100'000);
  EXPECT_NEAR(j["latency_us"]["p50"].get<double>(), 500, 17);
  EXPECT_NEAR(j["latency_us"]["p99"].get<double>(), 990, 33);
  EXPECT_EQ(j["latency_us"]["max"], 1000);
  EXPECT_EQ(j["latency_us"]["mean"], 500.5);
}

TEST(bench_result, without_answers_has_no_latency_and_says_why) {
  bench_result r;
  r.sent = 3;
  r.errors["no-answer"] = 3;
  auto j = to_json(r);
  EXPECT_TRUE(j["latency_us"].is_null());
  EXPECT_EQ(j["failed"], 3);
  auto text = page(r, 80);
  EXPECT_NE(text.find("3 no-answer"), std::string::npos);
  EXPECT_EQ(text.find("latency"), std::string::npos);
}

TEST(bench_result, histogram_fits_the_terminal) {
  auto text = page(some_result(10'000), 60);
  std::size_t bars = 0;
  for (auto at = text.find("│"); at != std::string::npos; at = text.find("│", at + 1))
    ++bars;
  EXPECT_GE(bars, 8u);
  EXPECT_LE(bars, 16u);
}

TEST(bench_result, is_compared_with_what_was_saved) {
  auto before = json::parse(to_json(some_result(500)).dump());
  auto rows = compare(some_result(1000), before);
  ASSERT_TRUE(rows);
  EXPECT_EQ((*rows)[0]["name"], "messages_per_second");
  EXPECT_EQ((*rows)[0]["ratio"], 2.0);
  EXPECT_NE(comparison_page(*rows).find("+100.0 %"), std::string::npos);
  EXPECT_FALSE(compare(some_result(1), json::array()));
  EXPECT_FALSE(compare(some_result(1), {{"messages_per_second", "many"}}));
}

node_sample sample(std::uint64_t messages, std::uint64_t bytes, int seconds) {
  node_sample s;
  s.name = "n1";
  s.at = std::chrono::steady_clock::time_point{std::chrono::seconds{seconds}};
  s.info.set_pid(7);
  s.info.set_messages(messages);
  auto& l = s.links.emplace_back();
  l.set_transport("tcp");
  l.set_worker_address("aa");
  l.set_state("up");
  l.set_bytes_in(bytes);
  l.set_peer("\x1b[31mred");
  return s;
}

TEST(top, rates_are_between_two_samples) {
  auto d = top_data({sample(100, 1000, 0)}, {sample(300, 5096, 2)});
  EXPECT_EQ(d["nodes"][0]["messages_per_second"], 100);
  EXPECT_EQ(d["nodes"][0]["links"][0]["bytes_in_per_second"], 2048);
  EXPECT_EQ(top_page(d, 0, 0).find('\x1b'), std::string::npos);
  EXPECT_NE(top_page(d, 0, 0).find("2.0 KiB"), std::string::npos);
}

TEST(top, a_node_that_was_started_anew_has_no_rates_from_before) {
  auto now = sample(5, 10, 2);
  now.info.set_pid(8);
  auto d = top_data({sample(100, 1000, 0)}, {now});
  EXPECT_EQ(d["nodes"][0]["messages_per_second"], 0);
  EXPECT_EQ(d["nodes"][0]["links"][0]["bytes_in_per_second"], 0);
}

TEST(top, is_no_higher_than_the_terminal) {
  auto now = sample(1, 1, 1);
  for (int i = 0; i < 100; ++i)
    now.links.push_back(now.links.front());
  auto text = top_page(top_data({}, {now}), 80, 10);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 9);
}

TEST(logs, times_are_read_from_text_and_json) {
  EXPECT_EQ(time_of("2026-11-30T10:57:21.123Z info node: x"), "2026-11-30T10:57:21.123Z");
  EXPECT_EQ(time_of(R"({"time":"2026-11-30T10:57:21.123Z","level":"info"})"), "2026-11-30T10:57:21.123Z");
  for (std::string none : {"", "no time", "2026-11-30T10:57:21.123", "2026-11-30 10:57:21.123Z info"})
    EXPECT_EQ(time_of(none), "") << none;
}

TEST(logs, are_merged_by_time_and_keep_the_order_of_a_node) {
  std::vector<log_line> lines{{"2", "a", "a1"}, {"2", "a", "a2"}, {"1", "b", "b1"}, {"3", "b", "b2"}};
  merge(lines);
  std::string order;
  for (const auto& l : lines)
    order += l.text;
  EXPECT_EQ(order, "b1a1a2b2");
}

TEST(logs, are_followed_over_a_rotation) {
  namespace fs = std::filesystem;
  auto root = fs::path{::testing::TempDir()} / "log-reader";
  fs::remove_all(root);
  state::home home{root};
  ASSERT_TRUE(home.create_node_dir("n1"));
  auto file = fs::path{home.log_stem("n1").string() + ".2026-11-29.log"};
  auto write = [](const fs::path& p, const std::string& text) { std::ofstream{p, std::ios::app} << text; };
  write(file, "2026-11-29T00:00:00.000Z info a: 1\n2026-11-29T00:00:01.000Z info a: 2\nhalf");
  log_reader r{home, "n1"};
  std::vector<log_line> out;
  ASSERT_TRUE(r.open(1, out));
  ASSERT_EQ(out.size(), 1u);
  EXPECT_TRUE(out[0].text.ends_with(": 2"));
  out.clear();
  write(file, " a line\n");
  r.read_on(out);
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].text, "half a line");
  EXPECT_EQ(out[0].time, "2026-11-29T00:00:01.000Z");
  out.clear();
  write(file, "the last of it\n");
  fs::rename(file, file.string() + ".1");
  write(file, "of the new file\n");
  r.read_on(out);
  ASSERT_EQ(out.size(), 2u);
  EXPECT_EQ(out[1].text, "of the new file");
  out.clear();
  write(home.log_stem("n1").string() + ".2026-11-30.log", "of the next day\n");
  r.read_on(out);
  ASSERT_EQ(out.size(), 1u);
  EXPECT_EQ(out[0].text, "of the next day");
  fs::remove_all(root);
}

TEST(logs, last_lines_are_taken_from_as_many_files_as_they_need) {
  namespace fs = std::filesystem;
  auto root = fs::path{::testing::TempDir()} / "log-reader-last";
  fs::remove_all(root);
  state::home home{root};
  ASSERT_TRUE(home.create_node_dir("n1"));
  auto write = [&](const std::string& name, const std::string& text) { std::ofstream{home.node("n1") / name} << text; };
  write("stdout.2026-11-28.log", std::string(200'000, 'x') + "\n1\n2\n");
  write("stdout.2026-11-29.1.log", "3\n4\n");
  write("stdout.2026-11-29.log", "");
  write("stdout.2026-11-30.log", "5\n6\n7");
  auto last = [&](std::size_t n) {
    std::vector<log_line> out;
    log_reader r{home, "n1"};
    EXPECT_TRUE(r.open(n, out));
    std::string text;
    for (const auto& l : out)
      text += l.text.size() > 1 ? "x" : l.text;
    return text;
  };
  EXPECT_EQ(last(0), "");
  EXPECT_EQ(last(1), "6");
  EXPECT_EQ(last(2), "56");
  EXPECT_EQ(last(3), "456");
  EXPECT_EQ(last(5), "23456");
  EXPECT_EQ(last(100), "x123456");
  fs::remove_all(root);
}

// logrotate moves the file, and the node hears of it later.
TEST(logs, what_still_goes_to_the_file_before_is_not_lost) {
  namespace fs = std::filesystem;
  auto root = fs::path{::testing::TempDir()} / "log-reader-moved";
  fs::remove_all(root);
  state::home home{root};
  ASSERT_TRUE(home.create_node_dir("n1"));
  auto file = root / "n.log";
  auto write = [](const fs::path& p, const std::string& text) { std::ofstream{p, std::ios::app} << text; };
  write(file, "1\n");
  ASSERT_TRUE(home.note_log("n1", file));
  log_reader r{home, "n1"};
  std::vector<log_line> out;
  ASSERT_TRUE(r.open(10, out));
  fs::rename(file, root / "n.log.1");
  write(file, "");
  r.read_on(out);
  write(root / "n.log.1", "2\n");
  write(file, "3\n");
  r.read_on(out);
  ASSERT_EQ(out.size(), 3u);
  EXPECT_EQ(out[1].text + out[2].text, "23");
  fs::resize_file(file, 0); // copytruncate
  r.read_on(out);
  write(file, "4\n");
  r.read_on(out);
  ASSERT_EQ(out.size(), 4u) << "nothing twice";
  EXPECT_EQ(out[3].text, "4");
  fs::remove_all(root);
}

TEST(http_get, sends_a_token_to_this_host_alone) {
  constexpr std::chrono::milliseconds soon{200};
  EXPECT_EQ(http_get("192.0.2.1:9100", "/metrics", "0123456789abcdef", soon).error().code, errc::unsupported);
  EXPECT_EQ(http_get("[2001:db8::1]:9100", "/metrics", "0123456789abcdef", soon).error().code, errc::unsupported);
  for (auto* here : {"127.0.0.1:1", "0.0.0.0:1", "[::1]:1", "/nowhere/socket"})
    EXPECT_EQ(http_get(here, "/metrics", "0123456789abcdef", soon).error().code, errc::unreachable) << here;
}

TEST(jq, a_query_is_compiled_once_and_run_often) {
  auto q = jq_query::compile(".a");
  ASSERT_TRUE(q);
  EXPECT_EQ(*q->run("{\"a\":1}", true), "1\n");
  EXPECT_FALSE(q->run("[]", true));
  EXPECT_EQ(*q->run("{\"a\":{\"b\":2}}", true), "{\"b\":2}\n") << "also after an error";
  EXPECT_FALSE(jq_query::compile(".a |"));
}

} // namespace
} // namespace ockam::cli
