// The program as a child process, in a folder of its own.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

namespace vbq::test {
namespace fs = std::filesystem;

struct Outcome {
  int code = -1;
  std::string out, err;
};

class Cli : public ::testing::Test {
 protected:
  void SetUp() override {
    const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
    folder_ = fs::temp_directory_path() / ("vbq_cli_" + std::string(test->name()) + "_" + std::to_string(::getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  Outcome run(const std::string& arguments) const { return shell(std::string("'") + VBQ_BINARY + "' " + arguments); }

  // A whole command line, so that a test can redirect what the program writes.
  Outcome shell(const std::string& words) const {
    const std::string command = std::string("cd '") + folder_.string() + "' && ( " + words + " ) >'" + path("stdout") +
                                "' 2>'" + path("stderr") + "' </dev/null";
    const int status = std::system(command.c_str());  // NOLINT: a test's own command line
    Outcome outcome{WIFEXITED(status) ? WEXITSTATUS(status) : -1, read("stdout"), read("stderr")};
    fs::remove(path("stdout"));
    fs::remove(path("stderr"));
    return outcome;
  }

  // Exit code 1 and one sentence on standard error that holds every one of these; under --json, the same as an object.
  void expect_refused(const std::string& arguments, const std::vector<std::string>& parts) const {
    const Outcome outcome = run(arguments);
    EXPECT_EQ(outcome.code, 1) << arguments << "\n" << outcome.err;
    EXPECT_EQ(std::count(outcome.err.begin(), outcome.err.end(), '\n'), 1) << outcome.err;
    EXPECT_EQ(outcome.err.rfind("error: ", 0), 0U) << outcome.err;
    if (arguments.find("--json") == std::string::npos) {
      EXPECT_TRUE(outcome.out.empty()) << outcome.out;
    } else {
      const auto object = nlohmann::json::parse(outcome.out, nullptr, false);
      const nlohmann::json expected{{"error", outcome.err.substr(7, outcome.err.size() - 8)}, {"exit_code", 1}};
      EXPECT_EQ(object, expected) << outcome.out;
    }
    for (const std::string& part : parts)
      EXPECT_NE(outcome.err.find(part), std::string::npos) << part << " in: " << outcome.err;
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }
  std::string read(const std::string& name) const {
    std::ostringstream text;
    text << std::ifstream(path(name)).rdbuf();
    return text.str();
  }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path(name), std::ios::binary) << text;
  }
  void copy_digits() const {
    for (const char* name : {"digits.onnx", "digits_train.h5", "digits_test.h5", "search.toml"}) {
      fs::copy_file(fs::path(VBQ_SOURCE) / "jobs" / "digits" / name, path(name));
    }
  }
  // Arguments for a search that takes a moment.
  std::string tiny(const std::string& more = "") const {
    return "search search.toml --run out --log error --threads 1 --set search.population=6 --set search.generations=2 "
           "--set data.search=200 --set data.block=50 " +
           more;
  }
  // A missing, an empty, a truncated and a random file in place of `name`, and what the command must say of it.
  void expect_bad_files_refused(const std::string& name, const std::string& arguments) const {
    const std::string good = read(name);
    ASSERT_GT(good.size(), 100U);
    std::string noise(5000, '\0');
    unsigned state = 12345;
    for (char& c : noise) c = static_cast<char>((state = state * 1664525U + 1013904223U) >> 24);
    fs::remove(path(name));
    expect_refused(arguments, {name});
    for (const std::string& bad : {std::string(), good.substr(0, good.size() / 2), good.substr(0, 64), noise}) {
      write(name, bad);
      expect_refused(arguments, {name});
    }
    write(name, good);
  }

  fs::path folder_;
};

}  // namespace vbq::test
