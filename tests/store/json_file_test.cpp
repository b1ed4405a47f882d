#include "json/json_file.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "vbq/error.hpp"

namespace vbq {
namespace {

std::string refusal(const std::string& text) {
  try {
    parse_json(text, "file x.json");
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::input);
    return error.what();
  }
  return "(nothing was thrown)";
}

std::string repeated(const std::string& text, std::size_t count) {
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += text;
  return all;
}

std::string nested(std::size_t depth) { return "{\"a\":" + repeated("[", depth) + repeated("]", depth) + "}"; }

std::string object_of(int keys) {
  std::string text = "{";
  for (int k = 0; k < keys; ++k) text += fmt::format("{}\"k{}\": {{\"a\": 1}}", k == 0 ? "" : ",", k);
  return text + "}";
}

TEST(JsonFile, RefusesWhatIsNestedTooDeep) {
  EXPECT_EQ(parse_json(nested(kDeepestJson), "x").size(), 1U);
  EXPECT_NE(refusal(nested(kDeepestJson + 1)).find("nested more than 16 deep"), std::string::npos);
  EXPECT_NE(refusal(nested(200'000)).find("nested more than 16 deep"), std::string::npos);
  EXPECT_NE(refusal(repeated("{\"a\":", 200'000)).find("nested more than 16 deep"), std::string::npos);
}

TEST(JsonFile, RefusesObjectsOfTooManyKeys) {
  EXPECT_EQ(parse_json(object_of(kMostJsonKeys), "x").size(), 256U);
  EXPECT_NE(refusal(object_of(kMostJsonKeys + 1)).find("more than 256 keys"), std::string::npos);
  EXPECT_NE(refusal("{\"a\": [[" + object_of(kMostJsonKeys + 1) + "]]}").find("more than 256 keys"), std::string::npos);
}

TEST(JsonFile, RefusesTooManyValues) {
  const std::string text = "{\"a\": [" + repeated("0,", 1000) + "0]}";
  EXPECT_EQ(parse_json(text, "x")["a"].size(), 1001U);
  EXPECT_THROW(parse_json(text, "x", 1000), Error);
}

TEST(JsonFile, TakesAnObjectAlone) {
  EXPECT_NE(refusal("").find("file x.json is not JSON"), std::string::npos);
  EXPECT_NE(refusal("{\"a\": }").find("not JSON"), std::string::npos);
  EXPECT_NE(refusal("{} {}").find("not JSON"), std::string::npos);
  EXPECT_NE(refusal("[1, 2]").find("a JSON object was expected, an array of 2 was found"), std::string::npos);
  EXPECT_NE(refusal("\"text\"").find("\"text\""), std::string::npos);
}

TEST(JsonFile, ShowsValuesShortly) {
  EXPECT_EQ(shown(Json(3.5)), "3.5");
  EXPECT_EQ(shown(Json(nullptr)), "null");
  EXPECT_EQ(shown(Json("a \"b\"")), R"("a \"b\"")");
  EXPECT_EQ(shown(Json(std::string(1000, 'x'))), '"' + std::string(40, 'x') + "\"...");
  // No character is cut in two: 39 letters, then one of two bytes.
  EXPECT_EQ(shown(Json(std::string(39, 'x') + "\u00e9\u00e9")), '"' + std::string(39, 'x') + "\"...");
  EXPECT_EQ(shown(Json::array({1, 2, 3})), "an array of 3");
  EXPECT_EQ(shown(Json::object()), "an object");
}

}  // namespace
}  // namespace vbq
