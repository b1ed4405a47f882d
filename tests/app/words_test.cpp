// What is said to whoever types something wrong, and what other programs read: one sentence, one JSON object.
#include <nlohmann/json.hpp>

#include "support/cli.hpp"

namespace vbq::test {
namespace {

using nlohmann::json;

TEST_F(Cli, WrongWordsAreAnsweredWithTheRightHelp) {
  expect_refused("search", {"job", "(see vbq search --help)"});
  expect_refused("evaluate --network x", {"--data", "(see vbq evaluate --help)"});
  expect_refused("data", {"(see vbq data --help)"});
  expect_refused("data import", {"(see vbq data import --help)"});
  expect_refused("info --workers many", {"--workers", "(see vbq info --help)"});
  expect_refused("search a b", {"b", "(see vbq search --help)"});
  expect_refused("search job.toml --resum", {"--resum is not an option of vbq search: did you mean --resume?"});
  expect_refused("infer --netwrok=x", {"--netwrok is not an option of vbq infer: did you mean --network?"});
  expect_refused("data import npy x --outptu y",
                 {"--outptu is not an option of vbq data import: did you mean --output? (vbq data import --help"});
  expect_refused("--nonsense", {"--nonsense is not an option of vbq (see vbq --help)"});
}

// A key of the job that is given as an option, and words that are near to nothing.
TEST_F(Cli, SuggestionsAreMadeWhereTheyAreLikely) {
  for (const std::string command : {"search", "compare"}) {
    const std::string is_none = " is not an option of vbq " + command;
    expect_refused(command + " job.toml --generations 3",
                   {"--generations" + is_none + ": did you mean --set search.generations=3? (vbq " + command});
    expect_refused(command + " job.toml --bits=3", {"--bits" + is_none + ": did you mean --set format.bits=3?"});
    expect_refused(command + " job.toml --label-offset --resume", {"did you mean --set data.label_offset=VALUE?"});
    expect_refused(command + " job.toml --generation 3", {"did you mean --set search.generations=3?"});
    expect_refused(command + " job.toml --colour", {"--colour" + is_none + " (see vbq " + command + " --help)"});
  }
  expect_refused("evaluate --bits 3", {"--bits is not an option of vbq evaluate (see vbq evaluate --help)"});
  expect_refused("evaluate --nettwork x", {"did you mean --network?"});
  expect_refused("serach job.toml", {"serach is not a command of vbq: did you mean search?"});
  expect_refused("quantize net.onnx d.h5", {"quantize is not a command of vbq: did you mean quantise?"});
  expect_refused("prune", {"prune is not a command of vbq (see vbq --help)"});
  expect_refused("data import photos x --output y", {"import kind \"photos\" is not known: one of cifar10, "});
}

TEST_F(Cli, WhatIsNoRunIsToldApart) {
  copy_digits();
  expect_refused("report digits.onnx", {"digits.onnx is a network, where the folder of a run or a best.json"});
  expect_refused("report search.toml", {"search.toml is a job, where the folder of a run or a best.json"});
  expect_refused("report digits_test.h5", {"digits_test.h5 is a dataset, where the folder of a run"});
  fs::copy_file(path("digits.onnx"), path("network"));
  expect_refused("report network", {"network is a network"});
}

TEST_F(Cli, ErrorsAreOneJsonObjectToo) {
  copy_digits();
  for (const char* words : {"serach --json", "--json", "info --json --colour", "search --json", "info none.h5 --json",
                            "info --json --engine gpu", "search none.toml --json", "compare none.toml --json",
                            "evaluate --json --network none.onnx --data digits_test.h5",
                            "evaluate --json --network digits.onnx --data digits_test.h5 --images x",
                            "infer --json --network none.onnx --input x.npy --output y.npy",
                            "export --json --network none.onnx --format best.json --output y.onnx",
                            "report nowhere --json", "data import npy none.npy none.npy --output x.h5 --json"}) {
    expect_refused(words, {});
  }
  // Without it, standard output stays empty; and no level of the log hides the sentence.
  for (const char* words : {"info none.h5 --log off", "evaluate --network none.onnx --data digits_test.h5 --log off"}) {
    expect_refused(words, {"none"});
  }
}

TEST_F(Cli, EveryCommandPrintsOneJsonObject) {
  copy_digits();
  std::string header = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 1, 8, 8), }";
  header.resize(117, ' ');
  write("x.npy", std::string("\x93NUMPY\x01\x00\x76\x00", 10) + header + "\n" + std::string(128, '\5'));
  std::string labels = "{'descr': '|u1', 'fortran_order': False, 'shape': (2,), }";
  labels.resize(117, ' ');
  write("y.npy", std::string("\x93NUMPY\x01\x00\x76\x00", 10) + labels + "\n" + std::string("\0\1", 2));
  ASSERT_EQ(run(tiny()).code, 0);
  for (const char* words :
       {"info --json", "info digits.onnx --json", "info digits_test.h5 --json", "info search.toml --json",
        "info out/checkpoint-000002.h5 --json", "data import npy x.npy y.npy --output data.h5 --json",
        "infer --network digits.onnx --input x.npy --output z.npy --json",
        "evaluate --network digits.onnx --data digits_test.h5 --json",
        "export --network digits.onnx --format out/best.json --output q.onnx --json", "report out --json"}) {
    const Outcome outcome = run(words);
    EXPECT_EQ(outcome.code, 0) << words << outcome.err;
    EXPECT_TRUE(json::parse(outcome.out, nullptr, false).is_object()) << words << outcome.out;
  }
  EXPECT_EQ(json::parse(run("infer --network digits.onnx --input x.npy --output w.npy --json").out)["shape"],
            json({2, 10}));
}

// Every command, whatever it prints: what cannot be written is exit code 1 and a sentence.
TEST_F(Cli, AFullStandardOutputIsAnError) {
  copy_digits();
  ASSERT_EQ(run(tiny()).code, 0);
  for (const std::string words :
       {"--help", "--version", "search --help", "info", "info --json", "info digits.onnx", "info digits_test.h5",
        "info --engine cpu search.toml", "info out/checkpoint-000002.h5", "report out", "report out --json",
        "evaluate --engine cpu --network digits.onnx --data digits_test.h5",
        "evaluate --engine cpu --network digits.onnx --data digits_test.h5 --json",
        "export --network digits.onnx --format out/best.json --output q.onnx"}) {
    const Outcome outcome = run(words + " >/dev/full");
    EXPECT_EQ(outcome.code, 1) << words;
    EXPECT_EQ(outcome.err, "error: cannot write to standard output: No space left on device\n") << words;
  }
  const Outcome outcome = run(tiny("--resume >/dev/full"));
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err, "error: cannot write to standard output: No space left on device\n");
}

}  // namespace
}  // namespace vbq::test
