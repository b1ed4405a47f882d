// vbq doctor: what hinders a run, and what to do about it.
#include "support/cli.hpp"

namespace vbq::test {
namespace {

class Doctor : public Cli {
 protected:
  // With only this program called mpirun in PATH.
  Outcome with_launcher(const std::string& script) const {
    fs::create_directories(path("bin"));
    write("bin/mpirun", "#!/bin/sh\n" + script);
    fs::permissions(path("bin/mpirun"), fs::perms::owner_all);
    return shell("PATH='" + path("bin") + "':\"$PATH\" '" + VBQ_BINARY + "' doctor");
  }
};

TEST_F(Doctor, FindsNothingWrongWhereRunsCanBe) {
  const Outcome outcome = with_launcher("echo '2 ranks'\n");
  EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
  for (const char* part : {"cores", "MiB free", "oneDNN", "bin/mpirun starts two ranks", "nothing hinders a run"}) {
    EXPECT_NE(outcome.out.find(part), std::string::npos) << part << " in: " << outcome.out;
  }
}

TEST_F(Doctor, TellsWhatALauncherSays) {
  const Outcome outcome = with_launcher("echo -----\necho ' boom: no daemon' >&2\nexit 3\n");
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.out.find("does not start two ranks: boom: no daemon"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("mpirun -n 2 hostname"), std::string::npos) << outcome.out;
  const Outcome root = with_launcher("echo 'mpirun has detected an attempt to run as root.'\nexit 1\n");
  EXPECT_EQ(root.code, 1);
  EXPECT_NE(root.out.find("--allow-run-as-root"), std::string::npos) << root.out;
}

// A launcher of another MPI starts processes that know nothing of one another.
TEST_F(Doctor, SeesRanksThatDoNotFindEachOther) {
  const std::string one = std::string("'") + VBQ_BINARY + "' doctor --ranks\n";
  const Outcome outcome = with_launcher(one + one);
  EXPECT_EQ(outcome.code, 1);
  EXPECT_NE(outcome.out.find("do not find each other"), std::string::npos) << outcome.out;
  EXPECT_NE(outcome.out.find("belongs to another MPI"), std::string::npos) << outcome.out;
}

TEST_F(Doctor, DoesWithoutALauncher) {
  const Outcome outcome = shell(std::string("PATH=/nowhere '") + VBQ_BINARY + "' doctor --json");
  EXPECT_EQ(outcome.code, 0) << outcome.out;
  const auto told = nlohmann::json::parse(outcome.out);
  EXPECT_EQ(told["hindrances"], 0);
  EXPECT_EQ(told["findings"].back()["what"], "mpi");
  EXPECT_EQ(told["findings"].back()["health"], "note");
}

}  // namespace
}  // namespace vbq::test
