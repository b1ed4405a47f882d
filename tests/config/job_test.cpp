#include "config/job.hpp"

#include <gtest/gtest.h>

#include "vbq/error.hpp"

namespace vbq {
namespace {

const char* kJob = R"(
[network]
path = "net.onnx"
skip = ["fc"]
[data]
path = "data.h5"
search = 500
[format]
bits = 4
scope = "network"
scale = "channel"
[search]
population = 12
seed = 7
[run]
checkpoint = "5min"
)";

Job parse(const std::string& text, const std::vector<std::string>& overrides = {}) {
  return parse_job(text, "/folder", "job.toml", overrides);
}

// The sentence of the Error that parsing throws.
std::string refusal(const std::string& text, const std::vector<std::string>& overrides = {}) {
  try {
    parse(text, overrides);
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::input);
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return {};
}

std::string with(const std::string& section, const std::string& line) {
  return "[network]\npath = \"n.onnx\"\n[data]\npath = \"d.h5\"\n" + (section.empty() ? "" : "[" + section + "]\n") +
         line + "\n";
}

// The TOML library would end with its stack: a table a dot, destroyed by recursion.
TEST(Job, RefusesKeysThatAreNestedWithoutEnd) {
  std::string key = "a";
  for (int i = 0; i < 500'000; ++i) key += ".a";
  EXPECT_NE(refusal(key + " = 1\n").find("more than 10000 dots"), std::string::npos);
  EXPECT_NE(refusal("[" + key + "]\n").find("more than 10000 dots"), std::string::npos);
  refusal(kJob, {"search.seed=[{" + key + "=1}]"});
  EXPECT_NE(refusal("a = " + std::string(100'000, '[')).find("nested value depth"), std::string::npos);
}

TEST(Job, ReadsKeysAndDefaults) {
  const Job job = parse(kJob);
  EXPECT_EQ(job.network, "/folder/net.onnx");
  EXPECT_EQ(job.data, "/folder/data.h5");
  EXPECT_FALSE(job.calibration.has_value());
  EXPECT_EQ(job.format.skip, std::vector<std::string>{"fc"});
  EXPECT_EQ(job.format.levels, 16);
  EXPECT_EQ(job.format.scope, Scope::network);
  EXPECT_EQ(job.format.scale, ScaleScope::channel);
  EXPECT_EQ(job.search.population, 12);
  EXPECT_EQ(job.search.seed, 7U);
  EXPECT_EQ(job.search_images, 500);
  EXPECT_EQ(job.generations, 100);
  EXPECT_EQ(job.fitness, Fitness::divergence);
  EXPECT_EQ(job.checkpoint.seconds, 300);
}

TEST(Job, OverridesWinAndTakeBareWords) {
  const Job job = parse(kJob, {"search.seed=9", "format.scale=layer", "search.fitness=\"top1\"", "network.skip=[]"});
  EXPECT_EQ(job.search.seed, 9U);
  EXPECT_EQ(job.format.scale, ScaleScope::layer);
  EXPECT_EQ(job.fitness, Fitness::top1);
  EXPECT_TRUE(job.format.skip.empty());
}

TEST(Job, APresetIsAWholeRecipeThatOtherKeysCanChange) {
  const Job job = parse(with("search", "population = 20\npreset = \"nogami2018\""), {});
  EXPECT_EQ(job.search.operators, Operators::nogami2018);
  EXPECT_EQ(job.search.population, 20);
  EXPECT_EQ(job.generations, 200);
  EXPECT_EQ(job.fitness, Fitness::top1);
  EXPECT_EQ(parse(kJob, {"search.preset=nogami2018"}).search.population, 12);
}

TEST(Job, TheResolvedTextGivesTheSameJob) {
  for (const char* change :
       {"search.seed=3", "run.checkpoint=17", "data.search=0.25", "format.bits=6", "data.mean=[0.5, 1]"}) {
    std::vector<std::string> overrides{change};
    if (std::string(change).starts_with("data.mean")) overrides.push_back("data.std=[1, 2.5]");
    const Job job = parse(kJob, overrides);
    const std::string text = to_toml(job);
    const Job again = parse_job(text, "/elsewhere", "job.toml", {});
    EXPECT_EQ(to_toml(again), text);
    EXPECT_EQ(job_difference(job, again), "");
    EXPECT_EQ(again.network, job.network);
    EXPECT_EQ(again.checkpoint.seconds, job.checkpoint.seconds);
    EXPECT_EQ(again.search_images, job.search_images);
  }
}

// A grid has as many levels as are used, a rate to be found, and is coded at its entropy, unless the job says
// otherwise.
TEST(Job, AGridBringsItsDefaults) {
  const Job plain = parse(with("format", "encoding = \"grid\"\nassignment = \"nearest\""));
  EXPECT_EQ(plain.format.levels, 255);
  EXPECT_EQ(plain.format.coding, Coding::entropy);
  EXPECT_EQ(plain.format.rate, 0.0);  // the nearest level has no rate
  const Job job = parse(with("format",
                             "encoding = \"grid\"\nassignment = \"sequential\"\nbudget = \"1.5 bits\"\nlevels = 15\n"
                             "coding = \"fixed\""));
  EXPECT_FALSE(job.format.rate.has_value());
  EXPECT_EQ(job.format.levels, 15);
  EXPECT_EQ(job.format.coding, Coding::fixed);
  EXPECT_EQ(job.budget, (Budget{1.5, Budget::Unit::bits}));
  const Job again = parse(to_toml(job));
  EXPECT_EQ(to_toml(again), to_toml(job));
  EXPECT_EQ(again.budget, job.budget);
  EXPECT_FALSE(again.format.rate.has_value());
  const std::string grid = "encoding = \"grid\"\nassignment = \"compensated\"\n";
  EXPECT_EQ(parse(with("format", grid + "rate = 0.5")).format.rate, 0.5);
  EXPECT_EQ(parse(with("format", grid + "budget = \"75 KiB\"")).budget, (Budget{76800, Budget::Unit::bytes}));
  EXPECT_NE(refusal(with("format", grid + "budget = \"75 pages\"")).find("75 KiB"), std::string::npos);
  EXPECT_NE(refusal(with("format", grid + "budget = 2.5")).find("2.3 bits"), std::string::npos);
  EXPECT_NE(refusal(with("format", "rate = \"gene\"")).find("an assignment other than"), std::string::npos);
}

TEST(Job, AFrontIsBetweenTwoBudgets) {
  const std::string grid = "encoding = \"grid\"\nassignment = \"sequential\"\nbudget = ";
  for (const char* text : {"\"front\"", "[\"1.5 bits\", \"4 bits\"]", "[\"10 KiB\", \"20000 bytes\"]"}) {
    const Job job = parse(with("format", grid + text));
    ASSERT_TRUE(job.front.has_value()) << text;
    EXPECT_LT(job.front->least.amount, job.front->most.amount);
    EXPECT_EQ(job.budget, job.front->most);
    const Job again = parse(to_toml(job));
    EXPECT_EQ(again.front, job.front);
    EXPECT_EQ(to_toml(again), to_toml(job));
    EXPECT_EQ(job_difference(again, job), "");
  }
  EXPECT_EQ(budget_text(parse(with("format", grid + "[\"1.5 bits\", \"4 bits\"]"))), "1.5 to 4 bits a weight");
  const Job entropy = parse(with("format", grid + "\"front\"")), fixed = parse(with("format", "budget = \"front\""));
  EXPECT_EQ(entropy.front->most, (Budget{3, Budget::Unit::bits}));
  EXPECT_EQ(fixed.front->most, (Budget{4, Budget::Unit::bits}));
  EXPECT_EQ(fixed.format.widths, Widths::own);
  // One or the other: --set takes the place of what the file says.
  EXPECT_FALSE(parse(with("format", grid + "\"front\""), {"format.budget=2 bits"}).front.has_value());
  EXPECT_TRUE(parse(with("format", grid + "\"2 bits\""), {"format.budget=front"}).front.has_value());
}

TEST(Job, StringsSurviveQuoting) {
  Job job = parse(kJob);
  job.format.skip = {"a\"b\\c", "tab\there"};
  EXPECT_EQ(parse(to_toml(job)).format.skip, job.format.skip);
}

TEST(Job, DifferencesThatMatterAreNamed) {
  const Job job = parse(kJob);
  EXPECT_EQ(job_difference(parse(kJob, {"search.seed=8"}), job), "search.seed is 8, the run's is 7");
  EXPECT_EQ(job_difference(parse(kJob, {"search.generations=500", "run.checkpoint=1", "network.path=x"}), job), "");
  EXPECT_EQ(job_difference(parse(kJob, {"run.memory=\"0 B\"", "run.cache=\"t.h5\""}), job), "");
}

TEST(Job, ABudgetGivesEachLayerItsOwnNumberOfLevels) {
  EXPECT_EQ(parse(kJob).format.widths, Widths::same);
  const Job job = parse(with("format", "budget = \"2 bits\""));
  EXPECT_EQ(job.format.widths, Widths::own);
  EXPECT_EQ(job.format.levels, 64) << "at most";
  EXPECT_EQ(parse(to_toml(job)).format.widths, Widths::own);
  EXPECT_EQ(parse(with("format", "budget = \"2 bits\"\nbits = 4")).format.levels, 16);
  EXPECT_EQ(parse(with("format", "budget = \"2 bits\"\nencoding = \"grid\"")).format.widths, Widths::same);
  for (const char* other : {"symmetric = true", "scope = \"network\"", "encoding = \"uniform\""}) {
    EXPECT_NE(refusal(with("format", std::string("budget = \"2 bits\"\n") + other)).find("format.budget is given"),
              std::string::npos)
        << other;
  }
}

TEST(Job, RefusesInOneSentence) {
  EXPECT_EQ(refusal(with("search", "populatoin = 5")),
            "search.populatoin is not a known key in job.toml, line 6: did you mean search.population?");
  EXPECT_EQ(refusal(with("format", "bits = 0")),
            "format.bits is 0 in job.toml, line 6: an integer from 2 to 8 was expected");
  EXPECT_NE(refusal(with("format", "bits = 9")).find("2 to 8"), std::string::npos);
  EXPECT_NE(refusal(with("format", "bits = \"3\"")).find("an integer"), std::string::npos);
  EXPECT_NE(refusal(with("format", "bits = 3\nlevels = 8")).find("both"), std::string::npos);
  EXPECT_NE(refusal(with("format", "encoding = \"value\"")).find("values, boundaries, companded"), std::string::npos);
  EXPECT_EQ(refusal(with("format", "matching = true")),
            "format.matching is true in job.toml, line 6: one of never, end, always was expected");
  EXPECT_NE(refusal(with("format", "symmetric = true\nlevels = 7")).find("even"), std::string::npos);
  EXPECT_NE(refusal(with("format", "level_values = \"int4\"")).find("one of float, int8 was expected"),
            std::string::npos);
  for (const char* bits : {"3", "9", "-1", "8.5"}) {
    EXPECT_NE(refusal(with("format", std::string("activations = ") + bits)).find("format.activations is"),
              std::string::npos)
        << bits;
  }
  const std::string int8 = "level_values = \"int8\"\n";
  EXPECT_EQ(
      refusal(with("format", int8 + "encoding = \"boundaries\"")),
      "format.level_values is \"int8\" in job.toml: it goes with another format.encoding than \"boundaries\" only");
  EXPECT_EQ(refusal(with("format", int8 + "biases = true")),
            "format.level_values is \"int8\" in job.toml: it goes with another format.biases than true only");
  EXPECT_NE(refusal(with("data", "search = 0.5")).find("line"),
            std::string::npos);  // [data] twice: TOML itself refuses
  EXPECT_NE(refusal(with("search", "seed = -1")).find("search.seed"), std::string::npos);
  EXPECT_NE(refusal(with("run", "checkpoint = \"5 parsecs\"")).find("5min"), std::string::npos);
  EXPECT_NE(refusal(with("search", "seed = 2020-01-01")).find("search.seed"), std::string::npos);
  EXPECT_NE(refusal("seed = 1").find("outside a section in job.toml, line 1"), std::string::npos);
  EXPECT_NE(refusal("seed = 1").find("did you mean seed in [search]?"), std::string::npos);
  EXPECT_NE(refusal(with("search", "mutation = 0\ncrossover = 0")).find("both 0"), std::string::npos);
  EXPECT_NE(refusal("[data]\npath = \"x\"").find("network.path is missing"), std::string::npos);
  EXPECT_NE(refusal("[network]\npath = \"x\"").find("data.path is missing"), std::string::npos);
  EXPECT_NE(refusal("[network\n").find("line 1"), std::string::npos);
  EXPECT_NE(refusal(kJob, {"search.sead=1"}).find("search.seed"), std::string::npos);
  EXPECT_NE(refusal(kJob, {"search.seed"}).find("key=value"), std::string::npos);
  EXPECT_NE(refusal(kJob, {"search.seed=1\nx=2"}).find("--set"), std::string::npos);
}

TEST(Job, AListOfWidthsNamesEachOnce) {
  EXPECT_EQ(refusal(with("format", "bits = [3, 3]")),
            "format.bits holds 3 twice in job.toml, line 6: each once was expected");
  EXPECT_EQ(refusal(with("format", "levels = [6, 8, 6]")),
            "format.levels holds 6 twice in job.toml, line 6: each once was expected");
  EXPECT_EQ(refusal(with("format", "bits = []")),
            "format.bits is an empty array in job.toml, line 6: an integer from 2 to 8, or an array of at least one "
            "was expected");
  EXPECT_NE(refusal(with("format", ""), {"format.levels=[]"}).find("an empty array in --set format.levels=[]"),
            std::string::npos);
  EXPECT_NE(refusal(with("format", "bits = [\"3\"]")).find("an array of strings"), std::string::npos);
}

// Whoever leaves the section out, or names the wrong one, is told the key and not its nearest neighbour by letters.
TEST(Job, AKeyWithoutItsSectionIsRecognised) {
  for (const char* change : {"bits=2", "search.bits=2", "fromat.bits=2"}) {
    EXPECT_NE(refusal(kJob, {change}).find("did you mean format.bits?"), std::string::npos) << change;
  }
  EXPECT_NE(refusal(kJob, {"matching=true"}).find("did you mean format.matching?"), std::string::npos);
  EXPECT_NE(refusal(kJob, {"generation=3"}).find("did you mean search.generations?"), std::string::npos);
  EXPECT_NE(refusal(kJob, {"sead=3"}).find("did you mean search.seed?"), std::string::npos);
}

TEST(Job, AnUnknownKeyIsToldWhatThereIs) {
  EXPECT_NE(refusal(kJob, {"matching=true"}).find("format.matching? (one of never, end, always)"), std::string::npos);
  EXPECT_EQ(refusal(kJob, {"run.colour=3"}),
            "run.colour is not a known key in --set run.colour=3: [run] has checkpoint, cache, memory");
  EXPECT_EQ(refusal(kJob, {"data.foo=3"}),
            "data.foo is not a known key in --set data.foo=3: [data] has path, calibration, search, validation, "
            "block, augment, mean, std, allow_different_normalisation, label_offset");
  for (const char* change : {"colour=3", "colours.red=3"}) {
    EXPECT_NE(refusal(kJob, {change}).find("of the sections network, data, format, search, run"), std::string::npos);
  }
  EXPECT_EQ(refusal("colour = 1"),
            "colour is given outside a section in job.toml, line 1: [section] lines were expected");
}

TEST(Job, BitsAndLevelsTogetherAreRefusedWhereverTheyComeFrom) {
  EXPECT_EQ(refusal(kJob, {"format.levels=6"}),
            "format.bits and format.levels are both given (in job.toml, line 9; in --set format.levels=6): one was "
            "expected");
  EXPECT_NE(refusal(with("format", "levels = 6"), {"format.bits=3"}).find("both given"), std::string::npos);
  EXPECT_NE(refusal(with("format", ""), {"format.bits=3", "format.levels=8"}).find("both given"), std::string::npos);
  EXPECT_EQ(parse(kJob, {"format.bits=3"}).format.levels, 8);
}

TEST(Job, WidthsAreWrittenAsTheUserSaysThem) {
  const auto text = [](const std::string& line) { return to_toml(parse(with("format", line))); };
  EXPECT_NE(text("levels = 8").find("\nbits = 3\n"), std::string::npos);
  EXPECT_NE(text("bits = [2, 4]").find("\nbits = [2, 4]\n"), std::string::npos);
  EXPECT_NE(text("levels = 6").find("\nlevels = 6\n"), std::string::npos);
  EXPECT_NE(text("levels = [4, 6]").find("\nlevels = [4, 6]\n"), std::string::npos);
  EXPECT_EQ(text("levels = [4, 6]").find("\nbits ="), std::string::npos);
  EXPECT_EQ(parse(text("levels = [4, 6]")).sweep, (std::vector<int>{4, 6}));
  const auto of = [](const std::string& line) { return parse(with("format", line)); };
  EXPECT_EQ(job_difference(of("bits = 3"), of("levels = 4")), "format.bits is 3, the run's is 2");
  EXPECT_EQ(job_difference(of("bits = 3"), of("levels = 6")), "format.bits is 3, the run's format.levels is 6");
  EXPECT_EQ(job_difference(of("levels = 6"), of("bits = 3")), "format.levels is 6, the run's format.bits is 3");
  EXPECT_EQ(job_difference(of("encoding = \"float\""), of("encoding = \"float\"\nexponent_bias = 3")),
            "format.exponent_bias is not set, the run's is 3.0");
}

}  // namespace
}  // namespace vbq
