// Sizes of memory in a job.
#include "config/size_text.hpp"

#include <gtest/gtest.h>

#include <utility>

#include "config/job.hpp"
#include "vbq/error.hpp"

namespace vbq {
namespace {

Job job_with_memory(const std::string& value) {
  return parse_job("[network]\npath = \"n.onnx\"\n[data]\npath = \"d.h5\"\n[run]\nmemory = " + value + "\n", "/folder",
                   "job.toml", {});
}

TEST(SizeText, IsReadAndWritten) {
  const std::pair<const char*, std::int64_t> sizes[] = {{"2 GiB", std::int64_t{2} << 30},
                                                        {"500 MiB", std::int64_t{500} << 20},
                                                        {"0 B", 0},
                                                        {"1025 B", 1025},
                                                        {"1 KiB", 1024},
                                                        {"1000 B", 1000}};
  for (const auto& [text, bytes] : sizes) {
    const std::string quoted = '"' + std::string(text) + '"';
    const Job job = job_with_memory(quoted);
    EXPECT_EQ(job.memory, bytes);
    EXPECT_EQ(size_text(bytes), text);
    EXPECT_NE(to_toml(job).find("memory = " + quoted), std::string::npos) << text;
  }
  EXPECT_EQ(job_with_memory("\"1.5kB\"").memory, 1500);
}

TEST(SizeText, WhatIsNoSizeIsRefused) {
  for (const char* value :
       {"\"2 GiBs\"", "\"-1 MiB\"", "\"\"", "2", "\"GiB\"", "\"5000000 GiB\"", "\"nan B\"", "\"inf B\""}) {
    try {
      job_with_memory(value);
      ADD_FAILURE() << value;
    } catch (const Error& error) {
      EXPECT_NE(std::string(error.what()).find("a size such as \"2 GiB\""), std::string::npos) << error.what();
    }
  }
}

}  // namespace
}  // namespace vbq
