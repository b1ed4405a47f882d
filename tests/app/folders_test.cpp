// What is asked of folders of results, what is written over, and what happens where nothing can be written.
#include <pty.h>

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "core/file.hpp"
#include "report/progress.hpp"
#include "support/cli.hpp"

namespace vbq::test {
namespace {

using nlohmann::json;

TEST_F(Cli, InfoAndReportTakeWhatSearchesLeave) {
  copy_digits();
  ASSERT_EQ(run(tiny()).code, 0);
  const json ended = json::parse(run("info out --json").out);
  EXPECT_EQ(ended["kind"], "run");
  EXPECT_EQ(ended["generations"], 2);
  EXPECT_EQ(ended["summary"], json::parse(read("out/summary.json")));
  const double percent = ended["summary"]["quantised"]["held_out"]["top1"]["percent"];
  const Outcome told = run("info out");
  EXPECT_NE(told.out.find(fmt::format("{:.2f} %", percent)), std::string::npos) << told.out;
  EXPECT_NE(told.out.find("digits.onnx in 8 levels, 2 of 2 generations"), std::string::npos) << told.out;
  const json format = json::parse(run("info out/best.json --json").out);
  EXPECT_EQ(format["kind"], "format");
  EXPECT_EQ(format["layers"].size(), 7U);
  EXPECT_EQ(format["layers"][0]["levels"], 8);
  EXPECT_NE(run("info out/best.json").out.find("/stem/conv"), std::string::npos);

  // Of a run that has not ended, how to go on with it.
  fs::rename(path("out/summary.json"), path("summary.json"));
  EXPECT_NE(run("info out").out.find("go on with: vbq search --resume out\n"), std::string::npos);
  EXPECT_EQ(json::parse(run("info out --json").out)["ended"], false);
  fs::rename(path("summary.json"), path("out/summary.json"));
  // Nor has one that was prolonged, whose summary is of the shorter run.
  const std::string history = read("out/history.csv");
  write("out/history.csv", history + history.substr(history.find('\n') + 1));
  EXPECT_NE(run("info out").out.find("go on with: vbq search --resume out\n"), std::string::npos);
  EXPECT_TRUE(json::parse(run("info out --json").out)["summary"].is_null());
  write("out/history.csv", history);

  // The page of a run's best.json is the run's; of one that lies alone, its codebooks.
  const std::string page = read("out/report.html");
  fs::remove(path("out/report.html"));
  ASSERT_EQ(run("report out/best.json").code, 0);
  EXPECT_EQ(read("out/report.html"), page);
  fs::copy_file(path("out/best.json"), path("found.json"));
  ASSERT_EQ(run("report found.json").code, 0);
  EXPECT_NE(read("found.html").find("/stem/conv"), std::string::npos);

  fs::create_directories(path("empty"));
  expect_refused("info empty", {"folder empty holds no run"});
  expect_refused("report empty", {"empty", "holds no run"});
  write("bad.json", "{\"layers\": 3}");
  expect_refused("info bad.json", {"bad.json", "not a best.json"});
  expect_refused("report bad.json", {"bad.json", "not a best.json"});
  write("bad.json", "{\"layers\": " + std::string(200'000, '[') + std::string(200'000, ']') + "}");
  expect_refused("info bad.json", {"bad.json", "nested"});
  write("out/summary.json", "{}");
  expect_refused("info out", {"summary.json", "not as vbq writes it"});
}

TEST_F(Cli, InfoAndReportTakeSweepsAndComparisons) {
  copy_digits();
  ASSERT_EQ(run(tiny("--set format.bits=[2,3]")).code, 0);
  const json sweep = json::parse(run("info out --json").out);
  EXPECT_EQ(sweep["kind"], "sweep");
  ASSERT_EQ(sweep["runs"].size(), 2U);
  EXPECT_EQ(sweep["runs"][0]["levels"], 4);
  EXPECT_NE(run("info out").out.find("out/3bit: digits.onnx in 8 levels"), std::string::npos);
  const std::string page = read("out/report.html");  // written by the search
  EXPECT_NE(page.find("<a href=\"2bit/report.html\">2bit</a>"), std::string::npos);
  EXPECT_NE(page.find("polyline"), std::string::npos);
  fs::remove(path("out/report.html"));
  fs::remove(path("out/2bit/report.html"));
  ASSERT_EQ(run("report out").code, 0);
  EXPECT_EQ(read("out/report.html"), page);
  EXPECT_TRUE(fs::exists(path("out/2bit/report.html")));
  // Widths of a sweep stand beside runs, each once.
  fs::copy(path("out/2bit"), path("alone"));
  ASSERT_EQ(run("report out alone").code, 0);
  const std::string runs = read("runs.html");
  for (const char* part : {"<a href=\"./out/2bit/report.html\">out/2bit</a>", "out/3bit</a>", ">alone</a>"}) {
    EXPECT_NE(runs.find(part), std::string::npos) << part;
  }
  expect_refused("report out alone", {"runs.html exists already", "--overwrite"});
  EXPECT_EQ(run("report alone alone --output alone/page.html").code, 0);
  EXPECT_NE(read("alone/page.html").find("href=\"./report.html\""), std::string::npos);
  expect_refused("report alone out/2bit --output alone/best.json --overwrite", {"which is the run's own"});
  expect_refused("report alone digits.onnx", {"digits.onnx holds no run", "side by side"});
  // One width lost: it has not ended.
  fs::remove(path("out/3bit/summary.json"));
  ASSERT_EQ(run("report out").code, 0);
  EXPECT_NE(read("out/report.html").find("has not ended"), std::string::npos);

  fs::create_directories(path("table"));
  write("table/compare.csv", "");
  write("table/compare.txt", "3bit <b>\n");
  write("table/compare.json", "[{\"width\": \"3bit\"}]");
  EXPECT_EQ(run("info table").out, "3bit <b>\n");
  EXPECT_EQ(json::parse(run("info table --json").out)["formats"][0]["width"], "3bit");
  ASSERT_EQ(run("report table").code, 0);
  EXPECT_NE(read("table/report.html").find("3bit &lt;b&gt;"), std::string::npos);
  expect_refused("report alone table --output both.html", {"table holds no table of this version"});
}

TEST_F(Cli, InfoFindsWhatASearchWouldRefuse) {
  copy_digits();
  for (const char* change : {"--set network.skip='[\"nothing\"]'", "--set format.bits=9", "--set data.search=100000",
                             "--set format.bits=[2,2]", "--set search.mutation=0 --set search.crossover=0",
                             "--set data.calibration=digits_test.h5", "--precision fp16", "--engine cuda",
                             "--set data.path=none.h5", "--set format.levels=[6,7] --set format.symmetric=true"}) {
    const Outcome told = run("info search.toml " + std::string(change));
    const Outcome refused = run("search search.toml --run out --log error " + std::string(change));
    EXPECT_EQ(told.code, 1) << change;
    EXPECT_EQ(refused.code, 1) << change;
    const auto last_line = [](const std::string& text) { return text.substr(text.rfind("error: ")); };
    EXPECT_EQ(last_line(told.err), last_line(refused.err));
    EXPECT_FALSE(fs::exists(path("out/job.toml"))) << change;
  }
  expect_refused("info search.toml --workers 1000",
                 {"more workers than work: 1000 workers for 40 genomes x 20 blocks"});
  // And what it would warn of.
  std::string job = read("search.toml");
  job.replace(job.find("bits = 3"), 8, "levels = 6");
  write("search.toml", job);
  const std::string warning = "6 levels take 3 bits a weight, as 8 levels do";
  const Outcome told = run("info search.toml --json");
  EXPECT_NE(told.err.find("warning: " + warning), std::string::npos) << told.err;
  EXPECT_NE(json::parse(told.out)["warnings"].dump().find(warning), std::string::npos) << told.out;
  const Outcome searched =
      run("search search.toml --run out --log warning --set search.population=4 --set data.search=100 "
          "--set search.generations=1");
  EXPECT_EQ(searched.code, 0);
  EXPECT_NE(searched.err.find("warning: " + warning), std::string::npos) << searched.err;
}

// A float32 array of one digit.
std::string one_image() {
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 8, 8), }";
  header.resize(117, ' ');
  return std::string("\x93NUMPY\x01\x00\x76\x00", 10) + header + "\n" + std::string(256, '\0');
}

TEST_F(Cli, OutputsAreNotWrittenOverUnasked) {
  copy_digits();
  ASSERT_EQ(run(tiny()).code, 0);
  write("x.npy", one_image());
  const std::string infer = "infer --network digits.onnx --input x.npy --output ";
  const std::string exported = "export --network digits.onnx --format out/best.json --output ";
  const std::string report = "report out --output ";
  for (const std::string& command : {infer, exported, report}) {
    write("there", "mine");
    expect_refused(command + "there", {"output there exists already", "--overwrite"});
    EXPECT_EQ(read("there"), "mine");
    EXPECT_EQ(run(command + "there --overwrite --log error").code, 0);
    EXPECT_NE(read("there"), "mine");
    expect_refused(command + "out", {"output out is a folder"});
  }
  const std::vector<std::pair<std::string, std::string>> inputs{
      {infer, "x.npy"}, {infer, "digits.onnx"}, {exported, "digits.onnx"}, {exported, "./out/best.json"}};
  for (const auto& [command, input] : inputs) {
    const std::string before = read(input);
    expect_refused(command + input + " --overwrite", {"is the input", "another file was expected"});
    EXPECT_EQ(read(input), before);
  }
  // Of a folder of results, none but the page.
  fs::create_symlink("out/calibration.h5", path("link"));
  write("out/calibration.h5", "factors");
  for (const char* own : {"out/history.csv", "out/best.json", "out/checkpoint-000002.h5", "out/best.onnx",
                          "./out/../out/job.toml", "out/calibration.h5", "out/.lock", "out/compare.txt", "link"}) {
    const std::string before = read(own);
    for (const char* of : {"report out --output ", "report out/best.json --output "}) {
      expect_refused(of + std::string(own) + " --overwrite", {"which is the run's own", "another file was expected"});
      expect_refused(of + std::string(own), {"which is the run's own"});
    }
    EXPECT_EQ(read(own), before);
  }
  EXPECT_FALSE(fs::exists(path("out/compare.txt")));
  EXPECT_EQ(run("report out --output out/report.html --overwrite").code, 0);
  EXPECT_EQ(run("report out --output out/page.html").code, 0);
  write("found.html", "mine");
  fs::copy_file(path("out/best.json"), path("found.json"));
  expect_refused("report found.json", {"found.html exists already", "--overwrite"});
}

// Whatever a user calls their files: a command writes its output, and nothing beside it.
TEST_F(Cli, AUsersFilesBesideAnOutputStay) {
  copy_digits();
  fs::create_directories(path("out"));
  const char* names[] = {"y.npy.tmp",        "q.onnx.tmp",        "d.h5.tmp",          "d.h5.tmp.tmp",
                         "out/job.toml.tmp", "out/best.json.tmp", "out/best.onnx.tmp", "out/checkpoint-000002.h5.tmp"};
  for (const char* name : names) write(name, "mine");
  ASSERT_EQ(run(tiny()).code, 0);
  write("x.npy", one_image());
  write("a.bin", std::string(3073, '\1'));
  EXPECT_EQ(run("infer --network digits.onnx --input x.npy --output y.npy").code, 0);
  EXPECT_EQ(run("export --network digits.onnx --format out/best.json --output q.onnx").code, 0);
  EXPECT_EQ(run("data import cifar10 a.bin --output d.h5").code, 0);
  fs::create_directories(path("photos/a"));
  fs::copy_file(fs::path(VBQ_SOURCE) / "tests" / "data" / "photos" / "rgb.jpg", path("photos/a/x.jpg"));
  EXPECT_EQ(run("data import folder photos --output d.h5 --overwrite").code, 0);
  for (const char* name : names) EXPECT_EQ(read(name), "mine") << name;
}

// A folder stands where each file would be written first: exit code 1, one sentence, and what was there before stays.
TEST_F(Cli, EveryFileThatCannotBeWrittenIsAnError) {
  copy_digits();
  ASSERT_EQ(run(tiny()).code, 0);
  write("x.npy", one_image());
  const auto blocked = [&](const std::string& file, const std::string& command) {
    const fs::path temporary = temporary_path(path(file));
    fs::create_directories(temporary);
    const std::string before = read(file);
    const Outcome outcome = run(command);
    EXPECT_EQ(outcome.code, 1) << file;
    EXPECT_NE(outcome.err.find("error: cannot write "), std::string::npos) << outcome.err;
    EXPECT_NE(outcome.err.find(fs::path(file).filename().string()), std::string::npos) << outcome.err;
    EXPECT_EQ(read(file), before) << file;
    fs::remove(temporary);
  };
  blocked("y.npy", "infer --network digits.onnx --input x.npy --output y.npy");
  blocked("q.onnx", "export --network digits.onnx --format out/best.json --output q.onnx");
  blocked("page.html", "report out --output page.html");
  blocked("out/report.html", "report out");
  for (const char* file : {"job.toml", "history.csv", "timing.csv", "workers.csv", "best.json", "classes.csv",
                           "summary.json", "best.onnx", "report.html"}) {
    blocked(std::string("out/") + file, tiny("--resume"));
  }
  // A disk that fills up in the midst of a table: a limit on the sizes of files stands for it.
  const Outcome full = shell("ulimit -f 8; '" VBQ_BINARY
                             "' search search.toml --run full --log error --threads 1 --set "
                             "search.population=6 --set search.generations=2000 --set data.search=50");
  EXPECT_EQ(full.code, 1) << full.err;
  EXPECT_NE(full.err.find("error: cannot write "), std::string::npos) << full.err;
}

// What the program writes to a terminal of this kind.
std::string on_terminal(const char* kind) {
  int ours = -1, theirs = -1;
  if (::openpty(&ours, &theirs, nullptr, nullptr, nullptr) != 0) return "no terminal";
  std::fflush(stdout);
  const int before = ::dup(STDERR_FILENO), output_before = ::dup(STDOUT_FILENO);
  ::dup2(theirs, STDERR_FILENO);
  ::dup2(theirs, STDOUT_FILENO);  // who sends the output elsewhere gets plain lines
  ::setenv("TERM", kind, 1);
  {
    Progress progress(false);
    progress.show("one", Progress::When::now);
    progress.show("two", Progress::When::now);
  }
  ::dup2(before, STDERR_FILENO);
  ::dup2(output_before, STDOUT_FILENO);
  ::close(before);
  ::close(output_before);
  ::close(theirs);
  // What was written arrives in pieces; the last one is followed by an error, since nobody can write there any more.
  std::string text;
  char piece[1000];
  for (ssize_t size = 0; (size = ::read(ours, piece, sizeof piece)) > 0;)
    text.append(piece, static_cast<std::size_t>(size));
  ::close(ours);
  return text;
}

TEST(Progress, ADumbTerminalGetsPlainLines) {
  EXPECT_EQ(on_terminal("xterm"), "one\x1b[K\r\n\x1b[J\r\x1b[1Atwo\x1b[K\r\n\x1b[J") << "the second over the first";
  EXPECT_EQ(on_terminal("dumb"), "one\r\ntwo\r\n");
  EXPECT_EQ(on_terminal(""), "one\r\ntwo\r\n");
}

}  // namespace
}  // namespace vbq::test
