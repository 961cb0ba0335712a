// SPDX-License-Identifier: Apache-2.0
#include "identity/known_file.hpp"

#include "fixtures.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace ockam::identities::test {
namespace {

namespace fs = std::filesystem;

class known_file : public testing::Test {
 protected:
  known_file() {
    std::string name = fs::temp_directory_path() / "ockam-known-XXXXXX";
    folder_ = ::mkdtemp(name.data());
    path_ = folder_ + "/known";
  }
  ~known_file() override { fs::remove_all(folder_); }

  std::shared_ptr<file_identities> open() { return must(file_identities::open(path_)); }
  std::string content() const {
    std::ifstream in{path_};
    return {std::istreambuf_iterator<char>{in}, {}};
  }
  void write(const std::string& text) { std::ofstream{path_} << text; }

  std::string folder_, path_;
  memory_vault keys_;
  identity a_ = must(create_identity(keys_, key_type::ed25519, t0));
  identity b_ = must(rotate(keys_, a_, key_type::ed25519, t0)), c_ = must(rotate(keys_, b_, key_type::ed25519, t0));
  identity fork_ = must(rotate(keys_, a_, key_type::ed25519, t0 + 1));
};

TEST_F(known_file, remembers_for_the_next_process_who_has_changed_a_key) {
  must(open()->learn(b_));
  auto again = open();
  EXPECT_EQ(again->learn(a_).error().code, errc::not_authentic) << "older";
  EXPECT_EQ(again->learn(fork_).error().code, errc::not_authentic) << "a fork";
  must(again->learn(b_));
  must(again->learn(c_));
  again.reset();
  EXPECT_EQ(open()->learn(b_).error().code, errc::not_authentic);
  EXPECT_EQ(fs::status(path_).permissions() & (fs::perms::group_all | fs::perms::others_all), fs::perms::none);
}

TEST_F(known_file, is_not_written_for_strangers_with_one_key) {
  must(open()->learn(a_));
  EXPECT_FALSE(fs::exists(path_));
}

TEST_F(known_file, bears_half_a_line_at_its_end_and_nothing_else) {
  must(open()->learn(b_));
  auto whole = content();
  write(whole + whole.substr(0, 40));
  EXPECT_EQ(open()->learn(a_).error().code, errc::not_authentic);
  EXPECT_EQ(content(), whole) << "the half is gone";
  for (auto bad : {"00\n" + whole, "\n" + whole, whole.substr(0, 99) + (whole[99] == '0' ? '1' : '0') + whole.substr(100),
                   to_hex(fork_.exported()) + "\n" + whole}) {
    write(bad);
    EXPECT_EQ(file_identities::open(path_).error().code, errc::corrupt_state) << bad;
  }
}

TEST_F(known_file, what_cannot_be_kept_is_not_taken) {
  auto known = must(file_identities::open(folder_ + "/missing/known"));
  EXPECT_FALSE(known->learn(b_));
  must(known->learn(a_)); // as nothing was learned of it
}

TEST_F(known_file, never_gets_more_than_the_next_start_reads) {
  constexpr std::size_t most = 8'192;
  auto known = must(file_identities::open(path_, most));
  auto who = b_;
  for (int i = 0; i < 12; ++i, who = must(rotate(keys_, who, key_type::ed25519, t0))) {
    auto taken = known->learn(who);
    ASSERT_TRUE(taken || taken.error().code == errc::limit_reached) << i << taken.error().cause;
    ASSERT_LE(fs::file_size(path_), most) << i;
  }
  known->always_room_for(std::vector{who.id()});
  result<void> last;
  while ((last = known->learn(who)))
    who = must(rotate(keys_, who, key_type::ed25519, t0));
  EXPECT_EQ(last.error().code, errc::limit_reached) << "however it is called";
  EXPECT_LE(fs::file_size(path_), most);
  known.reset();
  EXPECT_EQ(must(file_identities::open(path_, most))->learn(b_).error().code, errc::not_authentic);
}

TEST_F(known_file, leaves_room_for_whom_the_operator_names) {
  constexpr std::size_t most = 8'192;
  auto known = must(file_identities::open(path_, most));
  auto rotated = [&] { return must(rotate(keys_, must(create_identity(keys_, key_type::ed25519, t0)), key_type::ed25519, t0)); };
  while (known->learn(rotated())) {
  }
  EXPECT_LE(fs::file_size(path_), most / 4 * 3);
  known->always_room_for(std::vector{b_.id()});
  must(known->learn(b_));
  known.reset();
  EXPECT_EQ(must(file_identities::open(path_, most))->learn(a_).error().code, errc::not_authentic);
}

TEST_F(known_file, others_may_not_write_it) {
  must(open()->learn(b_));
  fs::permissions(path_, fs::perms::group_write, fs::perm_options::add);
  EXPECT_EQ(file_identities::open(path_).error().code, errc::permission_denied);
}

} // namespace
} // namespace ockam::identities::test
