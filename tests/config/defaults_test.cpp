// What a job takes that does not say: the best that was measured, except where it would not go, or not be as published.
#include <gtest/gtest.h>

#include <string>

#include "config/job.hpp"

namespace vbq {
namespace {

Job job_in(const std::string& text, const std::vector<std::string>& overrides = {}) {
  return parse_job(text, "/folder", "job.toml", overrides);
}

Job job_of(const std::vector<std::string>& settings) {
  return job_in("[network]\npath = \"n.onnx\"\n[data]\npath = \"d.h5\"\n", settings);
}

void expect_as_of_old(const Job& job) {
  EXPECT_EQ(job.format.scale, ScaleScope::none);
  EXPECT_EQ(job.format.assignment, Assignment::nearest);
  EXPECT_EQ(job.format.matching, Matching::never);
  EXPECT_EQ(job.temperature, 1);
}

TEST(Defaults, AreWhatWasMeasuredToBeBest) {
  const Job job = job_of({});
  EXPECT_EQ(job.format.scope, Scope::layer);
  EXPECT_EQ(job.format.scale, ScaleScope::channel);
  EXPECT_EQ(job.format.assignment, Assignment::sequential);
  EXPECT_EQ(job.format.matching, Matching::always);
  EXPECT_EQ(job.temperature, 8);
  EXPECT_EQ(job.search.operators, Operators::standard);
}

TEST(Defaults, GiveWayToWhatIsSaid) {
  expect_as_of_old(
      job_of({"format.scale=none", "format.assignment=nearest", "format.matching=never", "search.temperature=1"}));
  const Job job = job_of({"format.assignment=compensated"});
  EXPECT_EQ(job.format.assignment, Assignment::compensated);
  EXPECT_EQ(job.format.matching, Matching::always);
}

TEST(Defaults, LeaveMethodsOfOthersAsTheyWerePublished) {
  expect_as_of_old(job_of({"search.preset=nogami2018"}));
  expect_as_of_old(job_of({"search.preset=nogami2018", "search.fitness=divergence"}));
  expect_as_of_old(job_of({"search.method=annealing", "format.encoding=companded"}));
}

TEST(Defaults, GiveWayWhereTheyMeanNothing) {
  for (const char* fitness : {"top1", "loss", "outputs"}) {
    EXPECT_EQ(job_of({std::string("search.fitness=") + fitness}).temperature, 1) << fitness;
  }
  // A codebook a channel has the channel's scale in it.
  EXPECT_EQ(job_of({"format.scope=channel"}).format.scale, ScaleScope::none);
  EXPECT_EQ(job_of({"format.scope=channel", "format.scale=channel"}).format.scale, ScaleScope::channel);
}

TEST(Defaults, LeaveARunAsItWasBegun) {
  for (const std::vector<std::string>& settings :
       {std::vector<std::string>{}, {"search.preset=nogami2018"}, {"format.matching=end", "format.scope=network"}}) {
    const std::string text = to_toml(job_of(settings));
    EXPECT_EQ(to_toml(job_in(text)), text);
  }
  // A folder of before: it does not know of a temperature.
  std::string text = to_toml(job_of({"search.temperature=1", "format.scale=none"}));
  const std::size_t at = text.find("temperature = ");
  ASSERT_NE(at, std::string::npos);
  text.erase(at, text.find('\n', at) + 1 - at);
  const Job job = job_in(text);
  EXPECT_EQ(job.temperature, 1);
  EXPECT_EQ(job.format.scale, ScaleScope::none);
}

}  // namespace
}  // namespace vbq
