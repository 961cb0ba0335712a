// SPDX-License-Identifier: Apache-2.0
#include "cli/ockam/parse.hpp"

#include "cli/ockam/completion.hpp"
#include "cli/ockam/table.hpp"
#include "cli/ockam/usage.hpp"

#include <gtest/gtest.h>

#include <set>

namespace ockam::cli {

namespace {

const command_table& table() {
  static const auto t = all_commands();
  return t;
}

arguments good(const std::vector<std::string>& words) {
  auto p = parse(table(), words);
  if (auto* u = std::get_if<usage_answer>(&p)) {
    ADD_FAILURE() << u->text;
    return {};
  }
  return std::get<parsed_command>(p).args;
}

usage_answer bad(const std::vector<std::string>& words) {
  auto p = parse(table(), words);
  if (auto* u = std::get_if<usage_answer>(&p))
    return *u;
  ADD_FAILURE() << "this was taken";
  return {};
}

} // namespace

TEST(Table, IsWholeAndWithoutDoubles) {
  std::set<std::string> paths;
  for (const auto& c : table().commands) {
    EXPECT_TRUE(paths.insert(c.path).second) << c.path;
    EXPECT_TRUE(c.run) << c.path;
    EXPECT_FALSE(c.about.empty() || c.about.ends_with('.')) << c.path;
    EXPECT_NE(c.example.find("ockam " + c.path), std::string::npos) << c.path << ": " << c.example;
    EXPECT_TRUE(c.path.find(' ') == std::string::npos || table().find_group(first_word(c.path))) << c.path;
    std::set<std::string> names;
    std::set<char> letters;
    for (const auto* list : {&c.options, &table().globals})
      for (const auto& o : *list) {
        EXPECT_TRUE(names.insert(o.name).second) << c.path << " --" << o.name;
        EXPECT_TRUE(!o.letter || letters.insert(o.letter).second) << c.path << " -" << o.letter;
        EXPECT_FALSE(o.about.empty()) << o.name;
      }
  }
}

TEST(Parse, AServiceTakesMessagesOfWhomAllowFromNames) {
  auto id = "I" + std::string(64, '0');
  EXPECT_EQ(good({"service", "start", "echo", "--allow-from", "local | " + id}).get("allow-from"), "local | " + id);
  EXPECT_FALSE(good({"service", "start", "echo"}).has("allow-from"));
  for (const char* wrong : {"", "echo", "I0", "local | "}) {
    auto said = bad({"service", "start", "echo", "--allow-from", wrong});
    EXPECT_EQ(said.exit_code, exit_usage) << wrong;
    EXPECT_NE(said.text.find("--allow-from <local|IDENTITY…>"), std::string::npos) << said.text;
  }
}

TEST(Table, ExamplesParse) {
  for (const auto& c : table().commands) {
    if (!c.example.starts_with("ockam "))
      continue; // part of a larger line of shell
    std::vector<std::string> words;
    std::string word;
    for (char ch : c.example.substr(6) + " ")
      if (ch == ' ')
        words.push_back(std::exchange(word, {}));
      else
        word.push_back(ch);
    auto p = parse(table(), words);
    EXPECT_TRUE(std::holds_alternative<parsed_command>(p)) << c.example;
  }
}

TEST(Parse, TakesOptionsAnywhere) {
  auto a = good({"--output", "json", "message", "-q", "send", "--to=/service/echo", "hello", "-vv", "--timeout", "2s"});
  EXPECT_EQ(a.get("MESSAGE"), "hello");
  EXPECT_EQ(a.get("to"), "/service/echo");
  EXPECT_EQ(a.get("output"), "json");
  EXPECT_EQ(a.get("timeout"), "2s");
  EXPECT_EQ(a.count("verbose"), 2u);
  EXPECT_TRUE(a.has("quiet"));
  EXPECT_FALSE(a.has("hex"));
}

TEST(Parse, FallsBack) {
  auto a = good({"message", "send", "hello", "--to", "/service/echo"});
  EXPECT_EQ(a.get("timeout"), "10s");
  EXPECT_EQ(a.get("output"), "plain");
  EXPECT_EQ(a.get("from"), "");
}

TEST(Parse, EverythingAfterTwoDashesIsText) {
  EXPECT_EQ(good({"message", "send", "--to", "/service/echo", "--", "--help"}).get("MESSAGE"), "--help");
  EXPECT_EQ(good({"message", "send", "--to", "/service/echo", "-"}).get("MESSAGE"), "-");
}

TEST(Parse, RepeatedOptionsAreAllKept) {
  auto a = good({"node", "create", "--variable", "A=1", "--variable", "B=2=3"});
  EXPECT_EQ(a.list("variable"), (std::vector<std::string>{"A=1", "B=2=3"}));
}

TEST(Parse, SaysWhatIsWrong) {
  EXPECT_NE(bad({"nod"}).text.find("a similar subcommand exists: 'node'"), std::string::npos);
  EXPECT_NE(bad({"tcp-listner", "list"}).text.find("'tcp-listener'"), std::string::npos);
  EXPECT_NE(bad({"node", "list", "--outptu", "json"}).text.find("'--output'"), std::string::npos);
  EXPECT_NE(bad({"node", "list", "--output", "jsn"}).text.find("a similar value exists: 'json'"), std::string::npos);
  EXPECT_NE(bad({"node", "list", "x"}).text.find("unexpected argument 'x' found"), std::string::npos);
  EXPECT_NE(bad({"message", "send", "x", "--to", "nonsense"}).text.find("invalid value 'nonsense' for '--to <ROUTE>'"), std::string::npos);
  EXPECT_EQ(bad({"message", "send", "x", "--to", "nonsense"}).exit_code, exit_usage);
}

TEST(Parse, HostileWordsAreNotPrintedRaw) {
  EXPECT_EQ(bad({"\033[2J"}).text.find('\033'), std::string::npos);
  EXPECT_EQ(bad({"node", "list", "--\033[2J"}).text.find('\033'), std::string::npos);
  EXPECT_EQ(bad({"node", "list", "\033[2J"}).text.find('\033'), std::string::npos);
}

TEST(Parse, HelpIsNoError) {
  EXPECT_EQ(bad({"--help"}).exit_code, 0);
  EXPECT_EQ(bad({"node", "create", "-h"}).exit_code, 0);
  EXPECT_EQ(bad({"help", "node"}).text, help(table(), *table().find_group("node")));
  EXPECT_EQ(bad({}).exit_code, exit_usage);
  EXPECT_EQ(bad({"--version"}).exit_code, 0);
}

TEST(Completion, NamesEveryCommandAndOption) {
  for (const std::string shell : {"bash", "zsh", "fish"}) {
    auto script = completion_script(table(), shell);
    for (const auto& c : table().commands) {
      EXPECT_NE(script.find(std::string{last_word(c.path)}), std::string::npos) << shell << ": " << c.path;
      for (const auto& o : c.options)
        EXPECT_NE(script.find(o.name), std::string::npos) << shell << ": " << o.name;
    }
  }
}

TEST(Parse, AnOptionMayNeedAnother) {
  EXPECT_TRUE(good({"identity", "show", "alice", "--full", "--encoding", "hex"}).has("encoding"));
  EXPECT_TRUE(good({"identity", "show", "alice", "--full"}).has("full"));
  auto u = bad({"identity", "show", "alice", "--encoding", "hex"});
  EXPECT_EQ(u.exit_code, exit_usage);
  EXPECT_TRUE(u.text.starts_with("error: the following required arguments were not provided:\n  --full\n")) << u.text;
  EXPECT_TRUE(bad({"vault", "create", "--token", "t"}).text.find("\n  --module <PATH>\n") != std::string::npos);
}

} // namespace ockam::cli
