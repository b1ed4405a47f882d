// Data that is likely to be wrong draws a sentence; data that is likely to be right draws none.
#include "run/data_warnings.hpp"

#include "config/unused.hpp"
#include "support/folder.hpp"

namespace vbq {
namespace {

using test::has;

TEST(DataWarnings, Normalisation) {
  EXPECT_TRUE(normalisation_warnings({{0.485F, 0.456F}, {0.229F, 0.224F}}, "x").empty());
  EXPECT_TRUE(normalisation_warnings({{0, 0}, {1 / 255.0F, 1}}, "x").empty());
  EXPECT_TRUE(normalisation_warnings({{-2, 1.5F}, {1, 1}}, "x").empty());
  for (const Normalisation& large : {Normalisation{{123.7F, 0}, {1, 1}}, Normalisation{{0.5F, 0.5F}, {1, 58}}}) {
    const auto found = normalisation_warnings(large, "set x");
    ASSERT_EQ(found.size(), 1U);
    EXPECT_TRUE(has(found[0], "set x has mean ["));
    EXPECT_TRUE(has(found[0], "0 to 255?"));
  }
  const auto none = normalisation_warnings({{0, 0, 0}, {1, 1, 1}}, "set x");
  ASSERT_EQ(none.size(), 1U);
  EXPECT_TRUE(has(none[0], "images of set x are not normalised"));
}

TEST(DataWarnings, PartsOfADatasetAreNoClasses) {
  const auto warnings = [](const std::vector<std::string>& names) {
    DatasetInfo info;
    info.class_names = names;
    info.origin = "data/d";
    return class_warnings(info);
  };
  EXPECT_TRUE(warnings({}).empty());
  EXPECT_TRUE(warnings({"ant", "test"}).empty());
  EXPECT_TRUE(warnings({"express", "train"}).empty());
  for (const std::vector<std::string>& names : {std::vector<std::string>{"test", "train"}, {"Train"}, {"val"}}) {
    const auto found = warnings(names);
    ASSERT_EQ(found.size(), 1U);
    EXPECT_TRUE(has(found[0], "the classes of data/d are " + names[0]));
  }
}

TEST(DataWarnings, AccuracyNearChance) {
  const auto warnings = [](std::int64_t correct, std::int64_t seen, std::int64_t classes) {
    Problem problem;
    DatasetInfo info;
    info.classes = classes;
    info.origin = "d.h5";
    problem.search_source = memory_source({1, 1, 1, 1, {0}, {0}}, info);
    return accuracy_warnings(problem, ImageSet::search, {seen, correct, seen, 0, 0});
  };
  ASSERT_EQ(warnings(90, 1000, 10).size(), 1U);
  EXPECT_TRUE(has(warnings(90, 1000, 10)[0], "right on 9.00 % of the images of d.h5"));
  EXPECT_TRUE(has(warnings(90, 1000, 10)[0], "guessing among 10 classes is right on 10.00 %"));
  EXPECT_EQ(warnings(190, 1000, 10).size(), 1U);
  EXPECT_TRUE(warnings(191, 1000, 10).empty());
  EXPECT_EQ(warnings(52, 100, 2).size(), 1U);
  EXPECT_TRUE(warnings(60, 100, 2).empty());
  EXPECT_EQ(warnings(1, 1000, 1000).size(), 1U);
  EXPECT_TRUE(warnings(30, 1000, 1000).empty());
  EXPECT_TRUE(warnings(0, 10, 1).empty());
  EXPECT_TRUE(warnings(0, 0, 10).empty());
}

TEST(DataWarnings, SearchImagesThatAreWorseThanHeldOutOnes) {
  const auto warnings = [](std::int64_t search, std::int64_t held_out, std::int64_t each) {
    return difference_warnings({each, search, each, 0, 0}, {each, held_out, each, 0, 0});
  };
  ASSERT_EQ(warnings(390, 870, 1000).size(), 1U);
  EXPECT_TRUE(has(warnings(390, 870, 1000)[0], "right on 39.00 %"));
  EXPECT_TRUE(warnings(870, 390, 1000).empty());  // training images are
  EXPECT_TRUE(warnings(860, 870, 1000).empty());
  EXPECT_TRUE(warnings(5, 9, 10).empty());  // too few to tell
}

TEST(DataWarnings, AreAddedOnce) {
  std::vector<std::string> known{"a"};
  add_warnings(known, {"a", "b", "b"});
  EXPECT_EQ(known, (std::vector<std::string>{"a", "b"}));
}

std::vector<std::string> unused(const std::string& keys) {
  return unused_keys(parse_job("[network]\npath = \"n\"\n[data]\npath = \"d\"\n" + keys, "/", "job", {}));
}

TEST(UnusedKeys, AreThoseThatOtherKeysLeaveWithoutEffect) {
  EXPECT_TRUE(unused("").empty());
  EXPECT_TRUE(unused("[format]\nscale = \"channel\"\nscale_by = \"maximum\"\nmatching = \"end\"\nmatching_images = 9\n"
                     "[search]\npreset = \"nogami2018\"\nmutation = 0.3\ncrossover = 0.4\nreproduction = 0.1\n")
                  .empty());
  EXPECT_TRUE(unused("[format]\nassignment = \"sequential\"\nmatching_images = 9\n").empty());
  // One of each, with the reason.
  for (const auto& [key, why] :
       {std::pair{"[format]\nscale = \"none\"\nscale_by = \"maximum\"", "format.scale is \"none\""},
        {"[format]\nassignment = \"nearest\"\nmatching = \"never\"\nmatching_images = 9",
         "format.matching is \"never\""},
        {"[search]\nmutation = 0.3", "search.preset = \"nogami2018\""},
        {"[search]\nmethod = \"random\"\ncrossover = 0.3", "search.method is \"random\""},
        {"[search]\nsurrogate = false", "grids under a budget"},
        {"[search]\nmethod = \"random\"\nracing = 0.1", "it is of search.method = \"genetic\""},
        {"[search]\nracing = 0.1\n[format]\nencoding = \"grid\"\nbudget = \"2 bits\"", "without a budget"},
        {"[search]\nracing = 0.1\n[run]\ncache = \"tallies.h5\"", "candidates race"},
        {"[search]\nreproduction = 0.5", "search.preset = \"nogami2018\""},
        {"[search]\nmethod = \"random\"\npreset = \"nogami2018\"", "search.method is"},
        {"[search]\nmethod = \"annealing\"\npopulation = 9\n[format]\nencoding = \"companded\"",
         "generations are one candidate"}}) {
    const auto found = unused(key);
    ASSERT_EQ(found.size(), 1U) << key;
    EXPECT_TRUE(has(found[0], "which has no effect: ")) << key;
    EXPECT_TRUE(has(found[0], why)) << key;
  }
  const std::string allow = "allow_different_normalisation = true\n";
  EXPECT_EQ(unused(allow).size(), 1U);
  EXPECT_TRUE(unused("calibration = \"c\"\n" + allow).empty());
}

TEST(UnusedKeys, OfCompare) {
  const auto job = [](const std::string& keys) {
    return parse_job("[network]\npath = \"n\"\n[data]\npath = \"d\"\n[search]\n" + keys, "/", "job", {});
  };
  EXPECT_TRUE(unused_keys_of_compare(job("population = 9")).empty());
  EXPECT_EQ(unused_keys_of_compare(job("method = \"random\"")).size(), 1U);
  EXPECT_EQ(unused_keys_of_compare(job("preset = \"nogami2018\"")).size(), 1U);
}

// Seen on a GPU: eight searches with large blocks, whose gains two blocks could not tell from chance.
TEST(DataWarnings, ValidationInFewBlocks) {
  EXPECT_TRUE(validation_warnings(0, 100).empty());
  EXPECT_TRUE(validation_warnings(500, 50).empty());
  EXPECT_TRUE(validation_warnings(501, 100).empty());
  const auto found = validation_warnings(500, 250);
  ASSERT_EQ(found.size(), 1);
  EXPECT_NE(found.front().find("500 validation images in 2 blocks of 250"), std::string::npos) << found.front();
}

}  // namespace
}  // namespace vbq
