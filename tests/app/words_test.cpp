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
  expect_refused("--nonsense", {"--nonsense is not an option of vbq", "(vbq --help"});
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
