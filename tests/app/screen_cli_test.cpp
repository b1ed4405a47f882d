// The live picture of a search, in the program: where it is drawn, and that nothing else changes.
#include <gtest/gtest.h>

#include "support/cli.hpp"

namespace vbq::test {
namespace {

class ScreenCli : public Cli {
 protected:
  void SetUp() override {
    Cli::SetUp();
    copy_digits();
  }
  static std::string search(const std::string& folder, const std::string& more = "") {
    return "search search.toml --run " + folder +
           " --threads 1 --set search.population=6 --set search.generations=3 --set data.search=200 " + more;
  }
  // In a terminal of its own: what is shown there.
  std::string in_terminal(const std::string& setting, const std::string& arguments) const {
    const Outcome outcome =
        shell(setting + " script --quiet --return --command \"'" + VBQ_BINARY + "' " + arguments + "\" /dev/null");
    EXPECT_EQ(outcome.code, 0) << outcome.out << outcome.err;
    return outcome.out;
  }
};

bool holds(const std::string& text, const char* part) { return text.find(part) != std::string::npos; }

TEST_F(ScreenCli, AScreenChangesNoFile) {
  const Outcome plain = run(search("plain")), drawn = run(search("drawn", "--screen on"));
  ASSERT_EQ(plain.code, 0) << plain.err;
  ASSERT_EQ(drawn.code, 0) << drawn.err;
  EXPECT_TRUE(holds(plain.err, "generation 3/3  top-1 ")) << plain.err;
  EXPECT_TRUE(holds(plain.err, "memory    about ")) << plain.err;
  EXPECT_TRUE(holds(plain.err, "time      about ")) << plain.err;
  EXPECT_FALSE(holds(plain.err, "\x1b")) << plain.err;
  EXPECT_TRUE(holds(drawn.err, "\x1b[J")) << drawn.err;
  EXPECT_TRUE(holds(drawn.err, "digits.onnx: 8 levels")) << drawn.err;
  EXPECT_FALSE(holds(drawn.err, "generation 3/3")) << drawn.err;
  for (const char* file : {"best.json", "best.onnx", "history.csv", "job.toml"}) {
    EXPECT_EQ(read(std::string("plain/") + file), read(std::string("drawn/") + file)) << file;
  }
}

TEST_F(ScreenCli, IsDrawnInATerminalThatCan) {
  if (shell("script --version").code != 0) GTEST_SKIP() << "script (bsdutils) is not there";
  const std::string seen = in_terminal("TERM=xterm LC_ALL=C.UTF-8", search("one"));
  EXPECT_TRUE(holds(seen, "\x1b[J")) << seen;
  EXPECT_TRUE(holds(seen, "\x1b[32m")) << seen;
  EXPECT_FALSE(holds(seen, "\x1b[?25l")) << "a cursor that is not hidden need not be shown again";
  const std::string grey = in_terminal("TERM=xterm NO_COLOR=1", search("two"));
  EXPECT_TRUE(holds(grey, "\x1b[J")) << grey;
  EXPECT_FALSE(holds(grey, "\x1b[32m")) << grey;
  for (const char* setting : {"TERM=dumb", "TERM="}) {
    const std::string plain = in_terminal(setting, search("three"));
    EXPECT_FALSE(holds(plain, "\x1b")) << plain;
    EXPECT_TRUE(holds(plain, "generation 3/3  top-1 ")) << plain;
    fs::remove_all(path("three"));
  }
  EXPECT_FALSE(holds(in_terminal("TERM=xterm", search("four", "--screen off")), "\x1b"));
}

TEST_F(ScreenCli, QuietIsTheResultAlone) {
  const Outcome quiet = run(search("out", "--quiet"));
  EXPECT_EQ(quiet.code, 0);
  EXPECT_EQ(quiet.err, "");
  EXPECT_TRUE(holds(quiet.out, "Top-1 on images that the search never saw")) << quiet.out;
  expect_refused(search("out", "--quiet"), {"folder out already holds a run"});
  expect_refused(search("other", "--quiet --log info"), {"--log excludes --quiet"});
  expect_refused(search("other", "--screen maybe"), {"--screen is \"maybe\": one of auto, on, off was expected"});
}

}  // namespace
}  // namespace vbq::test
