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

// Which images lead and judge, and of searches that learn from all candidates, how roughly each is known.
TEST(Defaults, UnderABudgetSetImagesApartAndTryManyCandidates) {
  const Job grid = job_of({"format.encoding=grid", "format.budget=2.3 bits"});
  EXPECT_EQ(grid.block, 50);
  EXPECT_EQ(grid.validation_images, kAuto);
  EXPECT_EQ(grid.augment, Augment::mix);
  EXPECT_EQ(grid.format.matching_images, 75);
  EXPECT_EQ(grid.format.delivery_images, kAuto);
  EXPECT_EQ(grid.fitness_images, 400);
  EXPECT_EQ(grid.search.population, 20);
  EXPECT_EQ(grid.generations, 60);

  for (const std::vector<std::string>& settings :
       {std::vector<std::string>{"format.encoding=values", "format.budget=2.3 bits"},
        {"format.encoding=grid", "format.budget=2.3 bits", "search.surrogate=false"},
        {"format.encoding=grid", "format.budget=2.3 bits", "search.method=random"}}) {
    const Job job = job_of(settings);
    EXPECT_EQ(job.validation_images, kAuto);
    EXPECT_EQ(job.augment, Augment::mix);
    EXPECT_EQ(job.format.matching_images, 200);
    EXPECT_EQ(job.fitness_images, 0);
    EXPECT_EQ(job.search.population, 50);
  }

  const Job front = job_of({"format.encoding=grid", "format.budget=front"});
  EXPECT_EQ(front.validation_images, kAuto);
  EXPECT_EQ(front.format.matching_images, 200);
  EXPECT_EQ(front.fitness_images, 0);
  EXPECT_EQ(front.search.population, 20);

  const Job none = job_of({});
  EXPECT_EQ(none.block, 100);
  EXPECT_EQ(none.validation_images, 0);
  EXPECT_EQ(none.augment, Augment::none);
  EXPECT_EQ(none.format.delivery_images, 0);
}

TEST(Defaults, UnderABudgetGiveWayToWhatIsSaid) {
  const Job job = job_of({"format.encoding=grid", "format.budget=2.3 bits", "data.block=20", "data.validation=0",
                          "data.augment=none", "format.matching_images=9", "format.delivery_images=0",
                          "search.fitness_images=0", "search.population=8", "search.generations=3"});
  EXPECT_EQ(job.block, 20);
  EXPECT_EQ(job.validation_images, 0);
  EXPECT_EQ(job.augment, Augment::none);
  EXPECT_EQ(job.format.matching_images, 9);
  EXPECT_EQ(job.format.delivery_images, 0);
  EXPECT_EQ(job.fitness_images, 0);
  EXPECT_EQ(job.search.population, 8);
  EXPECT_EQ(job.generations, 3);
  // Labels of mixed images mean nothing.
  EXPECT_EQ(job_of({"format.encoding=grid", "format.budget=2.3 bits", "search.fitness=loss"}).augment, Augment::none);
  // Where no images make a network, their number would be told as one without effect.
  EXPECT_EQ(
      job_of({"format.encoding=grid", "format.budget=2.3 bits", "format.assignment=nearest", "format.matching=never"})
          .format.delivery_images,
      0);
}

TEST(Defaults, LeaveARunAsItWasBegun) {
  for (const std::vector<std::string>& settings : {std::vector<std::string>{},
                                                   {"search.preset=nogami2018"},
                                                   {"format.matching=end", "format.scope=network"},
                                                   {"format.encoding=grid", "format.budget=2.3 bits"}}) {
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
