// SPDX-License-Identifier: Apache-2.0
#include "cli/node/config_sources.hpp"

#include "cli/node/config_file.hpp"

#include <fnmatch.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <map>

namespace ockam {
namespace {

/// Files and variables in memory.
struct made_world {
  std::map<std::string, std::string> files;
  std::map<std::string, std::string> variables;

  config_world world() const {
    return {[this](const std::string& name) {
              auto it = variables.find(name);
              return it == variables.end() ? std::nullopt : std::optional{it->second};
            },
            [this](const std::string& path, std::size_t) {
              auto it = files.find(path);
              return it == files.end() ? result<std::string>{error{errc::not_found, "there is no " + path, {}}} : result<std::string>{it->second};
            },
            [this](const std::string& directory, const std::string& pattern, std::size_t) {
              std::vector<std::string> out;
              for (const auto& [path, text] : files) {
                std::filesystem::path p{path};
                if (p.parent_path() == directory && ::fnmatch(pattern.c_str(), p.filename().c_str(), FNM_PERIOD) == 0)
                  out.push_back(path);
              }
              return result<std::vector<std::string>>{out};
            }};
  }
};

std::string expanded(const std::string& text, const made_world& w) {
  auto v = expand_value(text, "/etc/n", w.world());
  return v ? v->text : "error: " + v.error().cause;
}

TEST(config_value, puts_in_variables_and_files) {
  made_world w{{{"/etc/n/token", "abc\n"}, {"/run/t", "xyz"}}, {{"HOST", "a.example"}, {"EMPTY", ""}}};
  EXPECT_EQ(expanded("${HOST}:4000", w), "a.example:4000");
  EXPECT_EQ(expanded("${file:token}-${file:/run/t}", w), "abc-xyz");
  EXPECT_EQ(expanded("${NONE:-b}${EMPTY:-c}${HOST:-d}${EMPTY}", w), "bca.example");
  EXPECT_EQ(expanded("$ $5 a$ $$ $${HOST} $$${HOST}", w), "$ $5 a$ $$ ${HOST} $${HOST}");
}

TEST(config_value, does_not_look_at_what_it_has_put_in) {
  made_world w{{{"/etc/n/token", "${HOST}"}}, {{"HOST", "${HOST}"}}};
  EXPECT_EQ(expanded("${HOST}${file:token}", w), "${HOST}${HOST}");
}

TEST(config_value, says_what_is_wrong) {
  made_world w{{{"/etc/n/two", "a\nb\n"}}, {{"LINES", "a\nb"}}};
  for (std::string text : {"${", "${}", "${NONE}", "${a b}", "${1A}", "${file:none}", "${file:}", "${file:two}", "${LINES}", "${NONE:-a"})
    EXPECT_TRUE(expanded(text, w).starts_with("error: ")) << text;
  EXPECT_NE(expanded("${NONE}", w).find("NONE"), std::string::npos);
}

TEST(config_value, escaped_text_comes_back) {
  made_world none;
  for (std::string text : {"", "$", "${", "$${", "$$${x}", "a${HOST}b$", "$$", "${${"})
    EXPECT_EQ(expanded(escape_value(text), none), text);
}

TEST(config_value, secrets_are_taken_out_of_text) {
  EXPECT_EQ(without_secrets("no user:hunter2 and hunter2", {"hunter2"}), "no user:******** and ********");
  EXPECT_EQ(without_secrets("3 of 3", {"3"}), "3 of 3"); // it would hide nothing and mar everything
  EXPECT_EQ(without_secrets("****", {"****"}), "********");
  EXPECT_EQ(without_secrets("hunter2-longer", {"hunter2", "hunter2-longer"}), "********") << "the rest of a longer one is left of it";
}

TEST(config_sources, includes_files_where_it_says_so_and_in_order) {
  made_world w{{{"/n/conf.d/b.ini", "[service b]\n"}, {"/n/conf.d/a.ini", "[service a]\n"}, {"/n/conf.d/.c.ini", "[service c]\n"}, {"/n/conf.d/d.txt", "[service d]\n"}}, {}};
  auto s = read_config_sources("[service first]\n[include]\nfiles = conf.d/*.ini\n[service last]\n", "/n/node.ini", w.world());
  EXPECT_TRUE(s.problems.empty());
  std::vector<std::string> titles;
  for (const auto& one : s.sections)
    titles.push_back(one.title + " " + s.text(one.at));
  EXPECT_EQ(titles, (std::vector<std::string>{"service first /n/node.ini:1", "service a /n/conf.d/a.ini:1", "service b /n/conf.d/b.ini:1",
                                              "service last /n/node.ini:4"}));
  EXPECT_EQ(s.included_at("service a"), "/n/conf.d/a.ini:1");
  EXPECT_EQ(s.included_at("service last"), "");
}

TEST(config_sources, included_files_find_their_own_from_where_they_are) {
  made_world w{{{"/n/d/a.ini", "[include]\nfiles = deeper/b.ini\n"}, {"/n/d/deeper/b.ini", "[x-listener l]\npassword = ${file:key}\n"}, {"/n/d/deeper/key", "k"}}, {}};
  auto s = read_config_sources("[include]\nfiles = d/a.ini\n", "/n/node.ini", w.world());
  EXPECT_TRUE(s.problems.empty());
  ASSERT_EQ(s.sections.size(), 1u);
  EXPECT_EQ(s.sections[0].entries[0].value.text, "k");
  EXPECT_TRUE(s.sections[0].entries[0].value.is_secret);
}

TEST(config_sources, one_that_includes_itself_is_told_with_the_chain) {
  made_world w{{{"/n/a.ini", "# a\n[include]\nfiles = b.ini\n"}, {"/n/b.ini", "[include]\nfiles = a.ini\n"}}, {}};
  auto s = read_config_sources("[include]\nfiles = a.ini\n", "/n/node.ini", w.world());
  ASSERT_EQ(s.problems.size(), 1u);
  EXPECT_EQ(s.text(s.problems[0].at), "/n/b.ini:2");
  EXPECT_EQ(s.problems[0].cause, "the configuration includes itself: /n/node.ini → /n/a.ini → /n/b.ini → /n/a.ini");
}

TEST(config_sources, depth_is_bounded) {
  made_world w;
  for (int i = 1; i <= 20; ++i)
    w.files["/n/" + std::to_string(i) + ".ini"] = "[include]\nfiles = " + std::to_string(i + 1) + ".ini\n";
  auto s = read_config_sources("[include]\nfiles = 1.ini\n", "/n/0.ini", w.world());
  ASSERT_EQ(s.problems.size(), 1u);
  EXPECT_TRUE(s.problems[0].cause.starts_with("files include each other more than 8 deep: /n/0.ini → /n/1.ini"));
  EXPECT_EQ(s.files.size(), 1 + max_include_depth);
}

TEST(config_sources, bytes_of_included_files_are_bounded) {
  made_world w;
  for (char c = 'a'; c <= 'z'; ++c)
    w.files[std::string{"/n/d/"} + c] = std::string(1u << 20, '#');
  auto s = read_config_sources("[include]\nfiles = d/*\n", "/n/node.ini", w.world());
  ASSERT_EQ(s.problems.size(), 1u);
  EXPECT_NE(s.problems[0].cause.find("16MiB"), std::string::npos);
}

TEST(config_sources, says_what_is_wrong_with_include) {
  made_world w{{{"/n/a.ini", "[node]\n"}, {"/n/secret", "a.ini"}}, {}};
  for (std::string text : {"[include]\n", "[include]\nfile = a.ini\nfiles = a.ini\n", "[include]\nfiles = a.ini\n[include]\nfiles = b*.ini\n", "[include]\nfiles = a.ini, a.ini\n",
                           "[include]\nfiles = none.ini\n", "[include]\nfiles = */a.ini\n", "[include]\nfiles = ${NONE}\n", "[include]\nfiles = ${file:secret}\n",
                           "[include]\nfiles = a.ini\nfiles = a.ini\n"}) {
    auto s = read_config_sources(text, "/n/node.ini", w.world());
    EXPECT_EQ(s.problems.size(), 1u) << text;
  }
}

struct with_services {
  std::vector<service_type> none;
  node_config config;
  config_places places;
  config_problems read(const std::string& text, const made_world& w) { return read_config_text(text, "/n/node.ini", none, config, &places, w.world()); }
};

TEST(config_file, sections_without_a_name_may_be_spread_over_files) {
  made_world w{{{"/n/log.ini", "[node]\nlog-level = debug\n[routing]\ndial = any\n"}}, {}};
  with_services r;
  EXPECT_TRUE(r.read("[node]\nname = n\n[include]\nfiles = *.ini\n", w).empty());
  EXPECT_EQ(r.config.log.level, "debug");
  EXPECT_EQ(r.config.routing.dial, dial_policy::any);
  EXPECT_EQ(r.places.text(r.places.place("node", "log-level")), "/n/log.ini:2");
}

TEST(config_file, what_stands_in_two_files_is_told_with_both) {
  made_world w{{{"/n/a.ini", "[node]\nname = m\n[tcp-listener l]\naddress = 127.0.0.1:2\n"}}, {}};
  with_services r;
  auto wrong = r.read("[node]\nname = n\n[tcp-listener l]\naddress = 127.0.0.1:1\n[include]\nfiles = a.ini\n", w);
  ASSERT_EQ(wrong.size(), 2u);
  EXPECT_EQ(wrong[0].cause, "/n/a.ini:2: key name of [node] is there twice, also at /n/node.ini:2");
  EXPECT_EQ(wrong[1].cause, "/n/a.ini:3: section [tcp-listener l] is there twice, also at /n/node.ini:3");
}

TEST(config_file, paths_are_seen_from_the_file_in_which_they_stand) {
  made_world w{{{"/n/d/a.ini", "[node]\nlog-file = x.log\n"}}, {}};
  with_services r;
  EXPECT_TRUE(r.read("[node]\nname = n\ncontrol-socket = c.sock\n[include]\nfiles = d/*.ini\n", w).empty());
  EXPECT_EQ(r.config.log.file, "/n/d/x.log");
  EXPECT_EQ(r.config.control_socket, "/n/c.sock");
}

TEST(config_file, secrets_stand_only_where_nothing_shows_them_and_are_in_no_message) {
  made_world w{{{"/n/s", "hunter2"}}, {}};
  with_services r;
  auto wrong = r.read("[node]\nname = ${file:s}\n", w);
  ASSERT_EQ(wrong.size(), 1u);
  EXPECT_NE(wrong[0].cause.find("the content of a file cannot stand here"), std::string::npos);
  with_services other;
  wrong = other.read("[node]\nname = n\n[routing]\nproxy = ${file:s}\n", w);
  ASSERT_EQ(wrong.size(), 1u) << wrong.front().cause << "; " << wrong.back().cause;
  EXPECT_EQ(wrong[0].cause.find("hunter2"), std::string::npos) << wrong[0].cause;
}

TEST(config_file, a_value_whose_name_is_not_there_is_told_once_and_at_its_line) {
  with_services r;
  auto wrong = r.read("[node]\nname = n\n[tcp-listener l]\naddress = ${NONE}\n", {});
  ASSERT_EQ(wrong.size(), 1u);
  EXPECT_EQ(wrong[0].cause, "/n/node.ini:4: address: the variable NONE of the environment is not set");
}

} // namespace
} // namespace ockam
