// SPDX-License-Identifier: Apache-2.0
#include "cli/state/state.hpp"

#include "cli/state/files.hpp"
#include "cli/state/node_process.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <sqlite3.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace ockam::state {
namespace {

class state_test : public testing::Test {
 protected:
  static std::filesystem::path fresh_directory() {
    std::string pattern = "/tmp/ok-unit-XXXXXX";
    return ::mkdtemp(pattern.data());
  }
  ~state_test() override { std::filesystem::remove_all(where); }

  void sql(const char* text) {
    sqlite3* db = nullptr;
    ASSERT_EQ(sqlite3_open(h.database().c_str(), &db), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(db, text, nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(db);
  }

  std::filesystem::path where = fresh_directory();
  home h{where};
};

TEST_F(state_test, the_first_node_is_the_default_until_it_goes) {
  auto db = database::open(h);
  ASSERT_TRUE(db) << db.error().cause;
  EXPECT_FALSE(db->default_node()->has_value());
  for (auto* n : {"b", "a", "c"})
    ASSERT_TRUE(db->node_started(n, "127.0.0.1:1", 7));
  EXPECT_EQ((*db->default_node())->name, "b");
  auto all = db->nodes();
  ASSERT_EQ(all->size(), 3u);
  EXPECT_EQ((*all)[1].name, "a") << "in order of creation";
  ASSERT_TRUE(db->set_default("c"));
  EXPECT_EQ((*db->default_node())->name, "c");
  EXPECT_EQ(db->set_default("nothere").error().code, errc::not_found);
  ASSERT_TRUE(db->remove_node("c"));
  EXPECT_EQ((*db->default_node())->name, "b");
  ASSERT_TRUE(db->remove_node("c")) << "twice is no error";
}

TEST_F(state_test, remembers_address_and_pid) {
  auto db = database::open(h);
  ASSERT_TRUE(db);
  ASSERT_TRUE(db->node_started("n", "127.0.0.1:4000", 42));
  ASSERT_TRUE(db->node_stopped("n"));
  auto again = database::open(h);
  auto row = again->node("n");
  ASSERT_TRUE(row && *row);
  EXPECT_EQ((*row)->tcp_listener_address, "127.0.0.1:4000");
  EXPECT_FALSE((*row)->pid);
  ASSERT_TRUE(db->node_started("n", "127.0.0.1:5000", 43));
  EXPECT_EQ((*again->node("n"))->pid, 43);
  EXPECT_FALSE(again->node("x")->has_value());
}

TEST_F(state_test, says_that_a_file_is_no_database) {
  std::ofstream{h.database()} << std::string(5000, 'x');
  auto db = database::open(h);
  ASSERT_FALSE(db);
  EXPECT_EQ(db.error().code, errc::corrupt_state);
  EXPECT_NE(db.error().cause.find(h.database().string()), std::string::npos);
  EXPECT_FALSE(db.error().hint.empty());
}

TEST_F(state_test, refuses_a_newer_schema_and_leaves_it_alone) {
  sql("PRAGMA user_version = 1000; CREATE TABLE future (x); INSERT INTO future VALUES (1);");
  auto db = database::open(h);
  ASSERT_FALSE(db);
  EXPECT_EQ(db.error().code, errc::corrupt_state);
  EXPECT_NE(db.error().cause.find("newer"), std::string::npos);
  sql("SELECT x FROM future;");
}

TEST_F(state_test, a_database_of_the_first_schema_is_brought_up_to_date_and_keeps_its_nodes) {
  sql("CREATE TABLE node (name TEXT PRIMARY KEY, is_default INTEGER NOT NULL DEFAULT 0, tcp_listener_address TEXT NOT NULL DEFAULT '', "
      "pid INTEGER, created INTEGER NOT NULL); INSERT INTO node VALUES ('old', 1, '127.0.0.1:4000', NULL, 1); PRAGMA user_version = 1;");
  auto db = database::open(h);
  ASSERT_TRUE(db) << db.error().cause;
  EXPECT_EQ((*db->default_node())->tcp_listener_address, "127.0.0.1:4000");
  EXPECT_TRUE(db->vaults()->empty());
  ASSERT_TRUE(db->add_identity({"alice", "Iaa", "81", {}}));
  auto again = database::open(h);
  ASSERT_TRUE(again) << "once is enough";
  EXPECT_EQ((*again->identity("alice"))->identifier, "Iaa");
}

TEST_F(state_test, many_programs_bring_one_database_up_to_date) {
  sql("CREATE TABLE node (name TEXT PRIMARY KEY, is_default INTEGER, tcp_listener_address TEXT, pid INTEGER, created INTEGER); PRAGMA user_version = 1;");
  std::vector<std::thread> all;
  std::atomic<int> opened{0};
  for (int i = 0; i < 8; ++i)
    all.emplace_back([&] { opened += database::open(h) ? 1 : 0; });
  for (auto& t : all)
    t.join();
  EXPECT_EQ(opened, 8);
}

TEST_F(state_test, the_first_vault_and_identity_are_the_default_and_the_oldest_follows) {
  auto db = database::open(h);
  ASSERT_TRUE(db);
  for (auto* n : {"b", "a", "c"}) {
    ASSERT_TRUE(db->add_vault({n, std::string{"/v/"} + n}));
    ASSERT_TRUE(db->add_identity({n, std::string{"I"} + n, "81", n}));
  }
  EXPECT_EQ(db->add_vault({"a", "/v/other"}).error().code, errc::already_exists);
  EXPECT_EQ(db->add_identity({"other", "Ia", "81", {}}).error().code, errc::already_exists) << "one identifier, one name";
  EXPECT_TRUE((*db->vault("b"))->is_default);
  EXPECT_FALSE((*db->vault("b"))->is_chosen) << "it was just the first one";
  EXPECT_EQ((*db->default_identity())->name, "b");
  ASSERT_TRUE(db->choose_default_vault("c"));
  ASSERT_TRUE(db->set_default_identity("c"));
  EXPECT_TRUE((*db->vault("c"))->is_chosen);
  ASSERT_TRUE(db->remove_vault("c"));
  ASSERT_TRUE(db->remove_identity("c"));
  EXPECT_TRUE((*db->vault("b"))->is_default);
  EXPECT_FALSE((*db->vault("b"))->is_chosen);
  EXPECT_EQ((*db->default_identity())->name, "b");
  EXPECT_EQ(db->vaults()->back().name, "a") << "in order of creation";
}

TEST_F(state_test, an_identity_keeps_its_place_when_its_name_and_history_change) {
  auto db = database::open(h);
  ASSERT_TRUE(db);
  ASSERT_TRUE(db->add_identity({"a", "Ia", "81", {}}));
  ASSERT_TRUE(db->add_identity({"b", "Ib", "81", "v"}));
  ASSERT_TRUE(db->update_identity({"x", "Ia", "82", "v"}));
  auto all = *db->identities();
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].name, "x");
  EXPECT_EQ(all[0].history, "82");
  EXPECT_EQ(all[0].vault, "v");
  EXPECT_TRUE(all[0].is_default);
  EXPECT_EQ(db->update_identity({"b", "Ia", "82", {}}).error().code, errc::already_exists);
}

TEST_F(state_test, names_are_any_text) {
  auto db = database::open(h);
  ASSERT_TRUE(db);
  const std::string odd = "\x1b[31m'\"; DROP TABLE identity; --\n\xff";
  ASSERT_TRUE(db->add_identity({odd, "Ia", "81", ""}));
  ASSERT_TRUE(db->add_identity({"", "Ib", "81", {}}));
  EXPECT_EQ((*db->identity(odd))->vault, "") << "a vault may have an empty name; it is not none";
  EXPECT_EQ((*db->identity_of("Ib"))->name, "");
  EXPECT_FALSE((*db->identity_of("Ib"))->vault);
}

TEST_F(state_test, the_guard_of_keys_is_held_by_one_at_a_time_also_beside_a_node) {
  auto node = name_guard::acquire(h, "n");
  ASSERT_TRUE(node);
  auto mine = keys_guard::acquire(h, *node);
  ASSERT_TRUE(mine);
  std::atomic<bool> second{false};
  std::thread other{[&] { second = static_cast<bool>(keys_guard::acquire(h)); }};
  int fd = ::open(h.identities().c_str(), O_RDONLY | O_DIRECTORY);
  EXPECT_NE(::flock(fd, LOCK_EX | LOCK_NB), 0);
  EXPECT_FALSE(second);
  { auto done = *std::move(mine); }
  other.join();
  EXPECT_TRUE(second);
  EXPECT_EQ(::flock(fd, LOCK_EX | LOCK_NB), 0) << "freed by its owner";
  ::close(fd);
}

TEST_F(state_test, a_damaged_table_is_an_error_not_a_crash) {
  ASSERT_TRUE(database::open(h));
  sql("DROP TABLE node;");
  auto db = database::open(h);
  ASSERT_TRUE(db);
  EXPECT_FALSE(db->nodes());
  EXPECT_FALSE(db->node_started("n", "", 1));
  EXPECT_FALSE(db->remove_node("n"));
}

TEST_F(state_test, many_processes_write_at_once) {
  constexpr int processes = 6, each = 20;
  std::vector<pid_t> children;
  for (int p = 0; p < processes; ++p) {
    auto pid = ::fork();
    if (pid == 0) {
      auto db = database::open(h);
      bool ok = static_cast<bool>(db);
      for (int i = 0; ok && i < each; ++i)
        ok = static_cast<bool>(db->node_started("n" + std::to_string(p) + "-" + std::to_string(i), "", 1));
      ::_exit(ok ? 0 : 1);
    }
    children.push_back(pid);
  }
  for (auto pid : children) {
    int status = 0;
    ::waitpid(pid, &status, 0);
    EXPECT_EQ(status, 0);
  }
  auto db = database::open(h);
  auto all = db->nodes();
  ASSERT_TRUE(all);
  EXPECT_EQ(all->size(), static_cast<std::size_t>(processes * each));
  int defaults = 0;
  for (auto& n : *all)
    defaults += n.is_default;
  EXPECT_EQ(defaults, 1);
}

TEST_F(state_test, a_home_that_leaves_no_room_for_a_socket_is_refused_by_name) {
  auto ok = home{where / std::string(100, 'x')}.create_node_dir("n");
  ASSERT_FALSE(ok);
  EXPECT_EQ(ok.error().code, errc::invalid_argument);
  EXPECT_NE(ok.error().hint.find("OCKAM_HOME"), std::string::npos);
}

TEST_F(state_test, directories_are_private_and_made_with_their_parents) {
  home deep{where / "a" / "b"};
  ASSERT_TRUE(deep.create());
  ASSERT_TRUE(deep.create_node_dir("n"));
  auto mode = std::filesystem::status(deep.node("n")).permissions();
  EXPECT_EQ(mode, std::filesystem::perms::owner_all);
  std::ofstream{where / "file"} << "x";
  home below_file{where / "file" / "home"};
  auto bad = below_file.create();
  ASSERT_FALSE(bad);
  EXPECT_NE(bad.error().cause.find("file/home"), std::string::npos);
}

TEST_F(state_test, the_database_is_private) {
  ASSERT_TRUE(database::open(h));
  EXPECT_EQ(std::filesystem::status(h.database()).permissions(), std::filesystem::perms{0600});
}

TEST_F(state_test, a_lock_is_held_once_and_freed_by_its_owner) {
  ASSERT_TRUE(h.create_node_dir("n"));
  EXPECT_FALSE(node_lock::held(h, "n"));
  EXPECT_FALSE(node_lock::held(h, "nothere"));
  {
    auto mine = node_lock::acquire(h, "n");
    ASSERT_TRUE(mine);
    EXPECT_TRUE(node_lock::held(h, "n"));
    auto second = node_lock::acquire(h, "n");
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, errc::already_exists);
  }
  EXPECT_FALSE(node_lock::held(h, "n"));
}

TEST_F(state_test, a_killed_process_frees_its_lock_and_shows_as_killed) {
  ASSERT_TRUE(h.create_node_dir("n"));
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  auto pid = ::fork();
  if (pid == 0) {
    auto lock = node_lock::acquire(h, "n");
    (void)!::write(ready[1], lock ? "y" : "n", 1);
    ::pause();
    ::_exit(0);
  }
  char answer = 0;
  ASSERT_EQ(::read(ready[0], &answer, 1), 1);
  ASSERT_EQ(answer, 'y');
  node_row row{"n", true, "", pid};
  EXPECT_EQ(status_of(h, row), node_status::running);
  ::kill(pid, SIGKILL);
  int status = 0;
  ::waitpid(pid, &status, 0);
  EXPECT_EQ(status_of(h, row), node_status::killed);
  row.pid.reset();
  EXPECT_EQ(status_of(h, row), node_status::stopped);
  ::close(ready[0]);
  ::close(ready[1]);
}

/// A child that does something with the state and then waits to be killed.
class child {
 public:
  template <class F>
  explicit child(F&& begin) {
    int ready[2];
    if (::pipe(ready) != 0)
      return;
    pid = ::fork();
    if (pid == 0) {
      [[maybe_unused]] auto kept = begin();
      (void)!::write(ready[1], "y", 1);
      ::pause();
      ::_exit(0);
    }
    char answer = 0;
    (void)!::read(ready[0], &answer, 1);
    ::close(ready[0]);
    ::close(ready[1]);
  }
  ~child() {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
  }
  pid_t pid = -1;
};

TEST_F(state_test, the_process_of_a_node_is_the_one_that_holds_its_lock) {
  ASSERT_TRUE(h.create_node_dir("n"));
  EXPECT_FALSE(process_of(h, "n"));
  child node{[&] { return node_lock::acquire(h, "n"); }};
  auto p = process_of(h, "n");
  ASSERT_TRUE(p);
  EXPECT_EQ(p->pid(), node.pid);
  EXPECT_EQ(node_processes(h).size(), 1u);
  std::filesystem::remove_all(h.nodes());
  p = process_of(h, "n");
  ASSERT_TRUE(p) << "also when its files are gone";
  EXPECT_EQ(p->pid(), node.pid);
  EXPECT_FALSE(process_of(h, "m"));
  EXPECT_EQ(node_processes(h).size(), 1u);
  ASSERT_TRUE(p->signal(SIGKILL));
  EXPECT_TRUE(p->ended_within(std::chrono::seconds{5}));
  EXPECT_FALSE(process_of(h, "n"));
}

TEST_F(state_test, the_process_of_a_node_in_the_foreground_is_found_too) {
  ASSERT_TRUE(h.create_node_dir("f", true));
  child node{[&] { return node_lock::acquire(h, "f"); }};
  EXPECT_EQ(node_directories(h), std::vector<std::string>{"f"});
  EXPECT_EQ(node_processes(h).size(), 1u);
  std::filesystem::remove_all(h.foreground_nodes());
  auto p = process_of(h, "f");
  ASSERT_TRUE(p) << "also when its files are gone";
  EXPECT_EQ(p->pid(), node.pid);
  EXPECT_EQ(node_processes(h).size(), 1u);
}

TEST_F(state_test, who_only_looks_at_a_lock_is_not_its_node) {
  ASSERT_TRUE(h.create_node_dir("n"));
  ASSERT_TRUE(node_lock::acquire(h, "n"));
  child looker{[&] {
    auto fd = ::open(h.lock_file("n").c_str(), O_RDONLY);
    ::flock(fd, LOCK_SH);
    return fd;
  }};
  EXPECT_FALSE(process_of(h, "n"));
}

TEST_F(state_test, a_home_is_reset_while_nobody_changes_its_nodes) {
  auto n1 = name_guard::acquire(h, "n1");
  ASSERT_TRUE(n1);
  auto n2 = name_guard::acquire(h, "n2");
  ASSERT_TRUE(n2) << "names do not wait for each other";
  std::atomic<bool> has{false};
  std::thread resetting{[&] {
    auto all = home_guard::acquire(h);
    has = static_cast<bool>(all);
  }};
  EXPECT_FALSE(has);
  { auto end = std::move(n1); }
  EXPECT_FALSE(has);
  { auto end = std::move(n2); }
  resetting.join();
  EXPECT_TRUE(has);
  EXPECT_TRUE(std::filesystem::is_empty(h.nodes())) << "no lock is left behind";
}

TEST_F(state_test, a_database_whose_file_is_not_the_same_any_more_is_gone) {
  auto before = database::open(h);
  ASSERT_TRUE(before);
  EXPECT_FALSE(before->is_gone());
  std::filesystem::remove(h.database());
  EXPECT_TRUE(before->is_gone());
  auto after = database::open(h);
  ASSERT_TRUE(after);
  EXPECT_TRUE(before->is_gone()) << "another file has its name";
  EXPECT_FALSE(after->is_gone());
}

TEST_F(state_test, a_database_that_was_lost_is_made_from_the_nodes) {
  for (auto* n : {"a", "b", "empty"})
    ASSERT_TRUE(h.create_node_dir(n));
  for (auto* n : {"a", "b"})
    std::ofstream{h.config_file(n)} << "[node]\n";
  child node{[&] { return node_lock::acquire(h, "b"); }};
  auto db = database::open(h);
  ASSERT_TRUE(db) << db.error().cause;
  auto all = db->nodes();
  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 2u);
  EXPECT_TRUE((*all)[0].is_default);
  EXPECT_FALSE((*all)[0].pid);
  EXPECT_EQ((*all)[1].pid, node.pid);
}

TEST_F(state_test, a_file_is_replaced_as_a_whole_and_keeps_its_mode_and_place) {
  std::ofstream{where / "real"} << "old";
  ::chmod((where / "real").c_str(), 0640);
  std::filesystem::create_symlink(where / "real", where / "link");
  ASSERT_TRUE(replace_file(where / "link", "new"));
  EXPECT_EQ(read_file(where / "real"), "new");
  EXPECT_TRUE(std::filesystem::is_symlink(where / "link"));
  EXPECT_EQ(std::filesystem::status(where / "real").permissions(), std::filesystem::perms{0640});
  ASSERT_TRUE(replace_file(where / "fresh", "x"));
  EXPECT_EQ(std::filesystem::status(where / "fresh").permissions(), std::filesystem::perms{0600});
  EXPECT_FALSE(replace_file(where / "nothere" / "x", "x"));
}

TEST_F(state_test, a_move_to_a_name_that_is_taken_changes_nothing) {
  std::ofstream{where / "a"} << "a";
  std::ofstream{where / "b"} << "b";
  EXPECT_EQ(move_to_free_name(where / "a", where / "b"), EEXIST);
  EXPECT_EQ(read_file(where / "b"), "b");
  EXPECT_EQ(move_to_free_name(where / "a", where / "c"), 0);
  EXPECT_EQ(read_file(where / "c"), "a");
  std::filesystem::create_directory(where / "d");
  EXPECT_EQ(move_to_free_name(where / "c", where / "d"), EEXIST) << "an empty directory as well";
  EXPECT_EQ(move_to_free_name(where / "nothere", where / "e"), ENOENT);
}

TEST_F(state_test, all_files_of_a_log_are_found_the_oldest_first) {
  ASSERT_TRUE(h.create_node_dir("n1"));
  EXPECT_EQ(h.log_files("n1").error().code, errc::not_found);
  auto names = [&] {
    std::string out;
    auto all = h.log_files("n1");
    for (const auto& p : *all)
      out += p.filename().string() + " ";
    return out;
  };
  for (auto* name : {"stdout.2026-11-30.log", "stdout.2026-11-29.2.log", "stdout.2026-11-29.10.log", "stdout.2026-11-29.log", "stdout.2026-11-29.x.log", "stdout.log"})
    std::ofstream{h.node("n1") / name} << name;
  EXPECT_EQ(names(), "stdout.2026-11-29.2.log stdout.2026-11-29.10.log stdout.2026-11-29.log stdout.2026-11-30.log ");
  EXPECT_EQ(h.log_file("n1")->filename(), "stdout.2026-11-30.log");
  auto age = std::filesystem::file_time_type::clock::now() - std::chrono::hours{10};
  for (auto* name : {"n.2.log", "n.log.1", "n.1.log", "n.log", "n.log.2.gz", "nn.1.log", "n.x.log"}) {
    std::ofstream{where / name} << name;
    std::filesystem::last_write_time(where / name, age += std::chrono::minutes{1});
  }
  ASSERT_TRUE(h.note_log("n1", where / "n.log"));
  EXPECT_EQ(names(), "n.2.log n.log.1 n.1.log n.log ");
}

TEST_F(state_test, a_node_says_which_configuration_it_runs_with_unless_that_is_its_own) {
  ASSERT_TRUE(h.create_node_dir("n1"));
  EXPECT_EQ(h.config_of_run("n1"), h.config_file("n1"));
  std::ofstream{where / "edge.ini"} << "x";
  ASSERT_TRUE(h.note_config("n1", where / "edge.ini"));
  EXPECT_EQ(h.config_of_run("n1"), where / "edge.ini");
  std::ofstream{h.config_file("n1")} << "x";
  ASSERT_TRUE(h.note_config("n1", h.config_file("n1")));
  EXPECT_EQ(h.config_of_run("n1"), h.config_file("n1"));
}

TEST_F(state_test, root_makes_nothing_in_the_home_of_somebody_else) {
  EXPECT_TRUE(h.check_owner());
  if (::geteuid() != 0)
    GTEST_SKIP() << "only root can be another user";
  ASSERT_EQ(::chown(where.c_str(), 65534, 65534), 0);
  auto refused = h.check_owner();
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().hint.find("sudo -u"), std::string::npos);
}

// `node list`, asked while a node starts, made the start fail with "already running".
TEST_F(state_test, looking_at_a_lock_does_not_keep_a_node_from_taking_it) {
  ASSERT_TRUE(h.create_node_dir("n"));
  std::atomic<bool> done{false};
  std::vector<std::thread> lookers;
  for (int i = 0; i < 3; ++i)
    lookers.emplace_back([&] {
      while (!done)
        (void)node_lock::held(h, "n");
    });
  int failed = 0;
  for (int i = 0; i < 2'000; ++i)
    failed += !node_lock::acquire(h, "n");
  done = true;
  for (auto& t : lookers)
    t.join();
  EXPECT_EQ(failed, 0);
}

TEST(node_name, letters_digits_and_two_signs) {
  for (auto* good : {"n", "n1", "my-node_2", "0"})
    EXPECT_TRUE(check_node_name(good)) << good;
  EXPECT_TRUE(check_node_name(std::string(64, 'a')));
  for (auto* bad : {"", "a b", "a/b", "..", "a.b", "ü", "a\n"})
    EXPECT_FALSE(check_node_name(bad)) << bad;
  EXPECT_FALSE(check_node_name(std::string(65, 'a')));
}

} // namespace
} // namespace ockam::state
