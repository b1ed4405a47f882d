#include "report/chart.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace vbq {
namespace {

std::size_t count(const std::string& text, const std::string& part) {
  std::size_t found = 0;
  for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST(Chart, TextIsEscaped) { EXPECT_EQ(html_text("<a & \"b\">"), "&lt;a &amp; &quot;b&quot;&gt;"); }

TEST(Chart, ALineASeriesAndNumbersOnTheAxes) {
  const std::string svg = line_chart({"t<", "x", {1, 2, 3}, {{"one", {0, 5, 10}}, {"two", {1, 1, 1}}}});
  EXPECT_EQ(count(svg, "<polyline class=\"line0\""), 2U);  // and one in the legend
  EXPECT_EQ(count(svg, "<polyline class=\"line1\""), 2U);
  EXPECT_NE(svg.find("t&lt;"), std::string::npos);
  for (const char* tick : {">0<", ">2<", ">10<", ">one<", ">two<"})
    EXPECT_NE(svg.find(tick), std::string::npos) << tick;
  EXPECT_EQ(svg.find("nan"), std::string::npos);
}

TEST(Chart, WhatCannotBeDrawnIsLeftOut) {
  const std::string svg = line_chart({"t", "x", {1, 2, 3, 4}, {{"one", {-1, NAN, 0.01, 100}}}, true});
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  EXPECT_EQ(svg.find("inf"), std::string::npos);
  EXPECT_NE(svg.find(">0.1<"), std::string::npos);
  for (const Chart& empty : {Chart{"t", "x", {}, {}}, Chart{"t", "x", {1, 2}, {{"one", {NAN, INFINITY}}}},
                             Chart{"t", "x", {1}, {{"one", {1}}}}}) {
    EXPECT_NE(line_chart(empty).find("Nothing to draw yet"), std::string::npos);
  }
  EXPECT_EQ(line_chart({"t", "x", {1, 2}, {{"one", {3, 3}}}}).find("nan"), std::string::npos);  // a flat line
}

TEST(Chart, ATickALevel) {
  const std::string svg = tick_strip({-1, 0, 0.5F, NAN}, 1);
  EXPECT_EQ(count(svg, "class=\"tick\""), 3U);
  EXPECT_NE(svg.find("x1=\"4.0\""), std::string::npos);
}

}  // namespace
}  // namespace vbq
