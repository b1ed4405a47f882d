#include "report/chart.hpp"

#include <gtest/gtest.h>

#include <cmath>

#include "support/count.hpp"

namespace vbq {
namespace {

using support::count;

TEST(Chart, TextIsEscaped) { EXPECT_EQ(html_text("<a & \"b\">"), "&lt;a &amp; &quot;b&quot;&gt;"); }

TEST(Chart, ALineASeriesAndNumbersOnTheAxes) {
  const std::string svg = line_chart({"t<", "x", {1, 2, 3}, {{"one", {0, 5, 10}}, {"two", {1, 1, 1}}}});
  EXPECT_EQ(count(svg, "<polyline class=\"line0\""), 2U);  // and one in the legend
  EXPECT_EQ(count(svg, "<polyline class=\"line1\""), 2U);
  EXPECT_NE(svg.find("t&lt;"), std::string::npos);
  for (const char* tick : {">0<", ">2<", ">10<", "> one<", "> two<"})
    EXPECT_NE(svg.find(tick), std::string::npos) << tick;
  EXPECT_EQ(svg.find("nan"), std::string::npos);
}

TEST(Chart, SeriesAreToldApartWithoutColourAndValuesShowUnderThePointer) {
  Chart chart{"t", "bits", {1, 2}, {{"a<b", {3, NAN}, {2, NAN}, {4, NAN}}, {"c", {5, 6}}}};
  chart.marks = Marks::lines_and_points;
  chart.rule = Rule{"as trained", 7};
  const std::string svg = line_chart(chart);
  EXPECT_EQ(count(svg, "class=\"mark0\""), 2U);  // one of them in the legend
  EXPECT_EQ(count(svg, "class=\"mark1\""), 3U);
  EXPECT_EQ(count(svg, "whisker"), 1U);
  for (const char* part : {"<title>a&lt;b: 3 at 1 (95 %: 2 to 4)</title>", "<title>c: 6 at 2</title>", "as trained"}) {
    EXPECT_NE(svg.find(part), std::string::npos) << part;
  }
  const std::string lines = line_chart({"t", "generation", {1, 2}, {{"best", {3, 4}}, {"median", {1, 2}}}});
  EXPECT_NE(lines.find("<title>generation 2\nbest: 4\nmedian: 2</title>"), std::string::npos) << lines;
}

TEST(Chart, MoreThanCanBeSeenIsThinned) {
  Chart chart{"t", "x", {}, {{"one", {}}}};
  for (int k = 0; k < 100000; ++k) {
    chart.x.push_back(k);
    chart.series.front().y.push_back(k % 7);
  }
  const std::string svg = line_chart(chart);
  EXPECT_LT(svg.size(), 60000U);
  EXPECT_NE(svg.find("466.0,"), std::string::npos) << "the last is drawn, at the right end";
}

TEST(Chart, AnAxisOfAnySpanHasFewNumbers) {
  for (const auto& [low, high] : {std::pair{0.0, 1e-300}, {-1e299, 1e299}, {1e15, 1e15 + 1}, {5.0, 5.0 + 1e-15}}) {
    const std::string svg = line_chart({"t", "x", {1, 2}, {{"one", {low, high}}}});
    EXPECT_LT(count(svg, "<text"), 30U) << low << " to " << high;
  }
  const std::string decades = line_chart({"t", "x", {1, 2}, {{"one", {1e-290, 1e290}}}, true});
  EXPECT_LT(count(decades, "<text"), 30U);
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
