// run.memory as a user types it: of no influence on any file.
#include <gtest/gtest.h>

#include <string>

#include "support/cli.hpp"

namespace vbq::test {
namespace {

class PrefixMemory : public Cli {
 protected:
  void SetUp() override {
    Cli::SetUp();
    copy_digits();
    fs::copy_file(fs::path(VBQ_SOURCE) / "jobs" / "digits" / "budget.toml", path("budget.toml"));
  }
  Outcome vbq(const std::string& command, const std::string& folder, const std::string& memory) {
    return run(command + " budget.toml --run " + folder +
               " --threads 1 --log debug --set search.population=8 --set format.matching_images=40 "
               "--set format.delivery_images=60 --set search.generations=3 --set format.encoding=values "
               "--set 'format.budget=\"2.5 bits\"' --set format.refit=1 --set 'run.memory=\"" +
               memory + "\"'");
  }
};

TEST_F(PrefixMemory, ChangesNoByteOfASearch) {
  ASSERT_EQ(vbq("search", "plain", "0 B").code, 0);
  for (const std::string memory : {"100 KiB", "1 GiB"}) {
    const Outcome outcome = vbq("search", "kept", memory);
    ASSERT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_NE(outcome.err.find("with a known target"), std::string::npos);
    for (const char* file : {"history.csv", "best.json", "classes.csv"}) {
      EXPECT_EQ(read(std::string("kept/") + file), read(std::string("plain/") + file)) << file;
    }
    fs::remove_all(path("kept"));
  }
}

TEST_F(PrefixMemory, ChangesNoByteOfSensitivities) {
  const Outcome plain = vbq("sensitivity", "plain", "0 B");
  ASSERT_EQ(plain.code, 0) << plain.err;
  EXPECT_EQ(vbq("sensitivity", "kept", "1 GiB").out, plain.out);
  EXPECT_EQ(read("kept/sensitivity.h5"), read("plain/sensitivity.h5"));
}

// Where it is to end and what it may keep are a resume's own matter.
TEST_F(PrefixMemory, MayDifferAtAResume) {
  ASSERT_EQ(vbq("search", "run", "0 B").code, 0);
  const Outcome outcome =
      run("search --resume run --threads 1 --log warning --set search.generations=4 --set 'run.memory=\"1 MiB\"'");
  EXPECT_EQ(outcome.code, 0) << outcome.err;
}

}  // namespace
}  // namespace vbq::test
