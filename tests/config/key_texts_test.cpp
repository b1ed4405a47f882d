// What is said of each key of a job is what the code does with it.
#include "config/key_texts.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "config/job_fields.hpp"
#include "vbq/error.hpp"

namespace vbq {
namespace {

// Everything that a key says of values that do not fit it.
std::string refusals(const JobField& field) {
  std::string all;
  for (const TomlValue::Data& wrong :
       {TomlValue::Data(true), TomlValue::Data(-1e300), TomlValue::Data(0.0), TomlValue::Data(1.5),
        TomlValue::Data(std::string()), TomlValue::Data(std::string("?")),
        TomlValue::Data(std::vector<std::string>{"?"})}) {
    Job job;
    try {
      field.set(job, TomlValue(field.key, "job.toml", "/folder", wrong));
    } catch (const Error& error) {
      all += std::string(error.what()) + "\n";
    }
  }
  return all;
}

TEST(KeyTexts, AreOfEachKeyOnceAndInTheSameOrder) {
  EXPECT_TRUE(std::ranges::equal(
      key_texts(), job_fields(), {}, [](const KeyText& text) { return text.key; },
      [](const JobField& field) { return field.key; }));
}

TEST(KeyTexts, TellTheValuesThatMessagesAskFor) {
  for (const JobField& field : job_fields()) {
    EXPECT_EQ(field.spellings.empty(), *field.text.values != '\0') << field.key;  // from one place only
    EXPECT_NE(refusals(field).find(": " + field.values()), std::string::npos)
        << field.key << ": " << field.values() << "\nbut:\n"
        << refusals(field);
  }
}

TEST(KeyTexts, TellTheDefaultsThatAJobTakes) {
  const Job job = parse_job("[network]\npath = \"n.onnx\"\n[data]\npath = \"d.h5\"\n", "/folder", "job.toml", {});
  for (const JobField& field : job_fields()) {
    std::string value = field.get(job);
    if (value.empty() || field.text.default_text == std::string("(needed)")) continue;  // it has none
    if (value.ends_with(".0")) value.resize(value.size() - 2);
    const std::string said = field.text.default_text;
    if (said == value) continue;  // spaces included
    EXPECT_EQ(said.substr(0, std::min(said.find(';'), said.find(' '))), value) << field.key;
  }
}

TEST(KeyTexts, AreOneSentenceEach) {
  for (const KeyText& text : key_texts()) {
    const std::string meaning = text.meaning;
    EXPECT_TRUE(meaning.ends_with('.') && meaning.find(". ") == std::string::npos) << text.key;
    EXPECT_NE(keys_table().find(std::string(text.key) + ": " + meaning), std::string::npos);
  }
}

TEST(KeyTexts, DetailsAreOfKeysAndWholeSentences) {
  for (const auto& [key, details] : all_key_details()) {
    EXPECT_EQ(std::ranges::count(key_texts(), key, &KeyText::key), 1) << key;
    EXPECT_EQ(key_details(key), details) << "given twice";
    EXPECT_TRUE(details.ends_with('.')) << key;
    EXPECT_EQ(std::ranges::count(details, '`') % 2, 0) << key;
    EXPECT_EQ(details.find('|'), std::string_view::npos) << key << ": it would end a cell of the table";
  }
  EXPECT_GT(all_key_details().size(), 20);
  EXPECT_EQ(key_details("search.seeds"), "");
}

}  // namespace
}  // namespace vbq
