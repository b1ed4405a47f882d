#include "cluster/agree.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/check.hpp"
#include "world.hpp"

namespace vbq {
namespace {

using test::world;

// The AgreedError that this rank gets of an agree() in which `mine` runs.
std::optional<AgreedError> outcome(const std::function<void()>& mine) {
  try {
    agree(world(), mine);
  } catch (const AgreedError& error) {
    return error;
  }
  return std::nullopt;
}

std::string from(int rank, const std::string& sentence) {
  return fmt::format("rank {} on {}: {}", rank, world().host(), sentence);  // one host here
}

TEST(Agree, GoesOnWhenAllIsWell) {
  EXPECT_EQ(agree(world(), [] { return 42; }), 42);
  EXPECT_FALSE(outcome([] {}));
}

TEST(Agree, TheSameErrorEverywhereIsSaidOnce) {
  const auto error = outcome([] { fail("no such file"); });
  ASSERT_TRUE(error);
  EXPECT_STREQ(error->what(), "no such file");
  EXPECT_EQ(error->fault(), Fault::input);
}

TEST(Agree, AnErrorOfOneRankNamesIt) {
  for (const int guilty : {0, 2}) {
    if (guilty >= world().size()) continue;
    const auto error = outcome([&] {
      if (world().rank() == guilty) fail_internal("out of luck");
    });
    ASSERT_TRUE(error);
    const std::string alone = "out of luck";
    EXPECT_EQ(error->what(), world().size() == 1 ? alone : from(guilty, alone));
    EXPECT_EQ(error->fault(), Fault::internal);
  }
  EXPECT_FALSE(outcome([] {}));  // and the next one is not touched by it
}

TEST(Agree, TheFirstRankThatFailsIsHeard) {
  const auto error = outcome([] {
    if (world().rank() == world().size() - 1) fail("the last");
    if (world().rank() != 0 || world().size() == 1) fail_internal("between");
  });
  ASSERT_TRUE(error);
  const std::vector<std::string> expected{"the last", from(1, "the last"), from(1, "between")};
  EXPECT_EQ(error->what(), expected.at(static_cast<std::size_t>(std::min(2, world().size() - 1))));
  EXPECT_EQ(error->fault(), world().size() > 2 ? Fault::internal : Fault::input);
}

TEST(Agree, AVerdictNamesTheFirstOfARowThatDoesNotSayTheSame) {
  const auto archive = [](const char* host, const char* sentence) {
    return pack(Failure{host, sentence, Fault::internal});
  };
  EXPECT_FALSE(verdict_of({"", ""}, {1, 2}));
  const auto same = verdict_of({archive("a", "no memory"), archive("b", "no memory")}, {1, 2});
  ASSERT_TRUE(same);
  EXPECT_EQ(same->sentence, "no memory");
  const auto some = verdict_of({"", archive("b", "no memory"), archive("c", "no disk")}, {1, 4, 5});
  ASSERT_TRUE(some);
  EXPECT_EQ(some->sentence, "rank 4 on b: no memory");
  EXPECT_EQ(some->fault, Fault::internal);
}

TEST(Agree, ForeignExceptionsAreInternalFaults) {
  const auto error = outcome([] { throw std::runtime_error("a library's words"); });
  ASSERT_TRUE(error);
  EXPECT_EQ(error->fault(), Fault::internal);
}

TEST(Agree, ReportsReachRank0) {
  Report mine{world().host(), "n", "d", "s", {}};
  if (world().rank() > 0) mine.engine = EngineInfo{"cpu", "", "avx2", "L", "fp32", world().rank()};
  const auto reports = agree_on(world(), mine);
  ASSERT_EQ(reports.size(), world().rank() == 0 ? static_cast<std::size_t>(world().size()) : 0U);
  for (std::size_t r = 1; r < reports.size(); ++r) EXPECT_EQ(reports[r].engine.value().threads, static_cast<int>(r));
}

TEST(Agree, ARankThatDiffersIsNamed) {
  if (world().size() < 3) GTEST_SKIP() << "needs a rank that differs from two others";
  const Report good{world().host(), "n", "d", "s", EngineInfo{"cpu", "Zen 3", "avx2", "oneDNN 2.6.3", "fp32", 1}};
  const auto refused = [&](const std::function<void(Report&)>& spoil, const std::vector<std::string>& words) {
    Report mine = good;
    if (world().rank() == 0) mine.engine.reset();
    if (world().rank() == 2) spoil(mine);
    try {
      agree_on(world(), mine);
      ADD_FAILURE() << "no error";
    } catch (const AgreedError& error) {
      const std::string text = error.what();
      EXPECT_EQ(text.rfind(fmt::format("rank 2 on {} ", world().host()), 0), 0U) << text;
      for (const std::string& word : words) EXPECT_NE(text.find(word), std::string::npos) << text;
    }
  };
  refused([](Report& r) { r.network_hash = std::string("m"); }, {"another network (hash m)", "(hash n)"});
  refused([](Report& r) { r.data_hash = std::string("e"); }, {"another dataset or split (hash e)", "(hash d)"});
  refused([](Report& r) { r.settings_hash = std::string("t"); }, {"another job (hash t)"});
  refused([](Report& r) { r.engine->isa = "avx512_core"; }, {"cpu, avx512_core, oneDNN 2.6.3, fp32", "cpu, avx2,"});
  Report other = good;  // another processor model and number of threads are none of it
  other.engine->device = std::to_string(world().rank());
  other.engine->threads = world().rank();
  EXPECT_NO_THROW(agree_on(world(), other));
}

}  // namespace
}  // namespace vbq
