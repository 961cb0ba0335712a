// SPDX-License-Identifier: Apache-2.0
#include "runtime/workers/actor_error.hpp"

#include <caf/make_message.hpp>
#include <caf/sec.hpp>
#include <gtest/gtest.h>

#include <set>

namespace ockam {
namespace {

TEST(actor_error, a_reason_of_a_report_has_a_code_of_its_own) {
  auto e = to_caf({errc::undeliverable, "node n2 does not let this peer reach 0#x", {}}, drop_reason::refused);
  EXPECT_TRUE(is_ours(e));
  EXPECT_TRUE(e == undelivered::refused);
  EXPECT_FALSE(e == undelivered::congested);
  EXPECT_EQ(e.code(), 131);
  EXPECT_EQ(error_of(e).code, errc::undeliverable);
  EXPECT_EQ(error_of(e).cause, "node n2 does not let this peer reach 0#x");
}

TEST(actor_error, no_two_reasons_have_one_code) {
  std::set<int> codes;
  for (std::size_t r = 1; r < drop_reason_count; ++r)
    codes.insert(to_caf({errc::undeliverable, "x", {}}, static_cast<drop_reason>(r)).code());
  EXPECT_EQ(codes.size(), drop_reason_count - 1);
  EXPECT_FALSE(codes.contains(static_cast<int>(errc::undeliverable)));
}

TEST(actor_error, codes_that_there_were_before_stay) {
  EXPECT_EQ(to_caf({errc::undeliverable, "x", {}}).code(), 40) << "of no report, as of a monitor";
  EXPECT_EQ(to_caf({errc::service_failed, "x", {}}, drop_reason::service_error).code(), 41);
  EXPECT_EQ(to_caf({errc::service_failed, "x", {}}, drop_reason::worker_failed).code(), 41);
  EXPECT_EQ(to_caf({errc::unreachable, "x", {}}, drop_reason::unreachable).code(), 20);
  EXPECT_EQ(error_of(to_caf({errc::closed, "x", {}})).code, errc::closed);
}

TEST(actor_error, the_time_out_of_who_asks_is_one) {
  auto e = error_of(caf::make_error(caf::sec::request_timeout));
  EXPECT_EQ(e.code, errc::timed_out);
  EXPECT_EQ(e.cause, "no reply in time");
}

TEST(actor_error, one_of_somebody_else_has_its_words) {
  auto e = error_of(caf::make_error(caf::sec::invalid_argument, std::string{"that is bad"}));
  EXPECT_EQ(e.code, errc::internal);
  EXPECT_EQ(e.cause, "that is bad");
}

} // namespace
} // namespace ockam
