// classes.csv as a page shows it, and how tables with text in them are read.
#include "report/report_classes.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "support/count.hpp"
#include "support/folder.hpp"

namespace vbq {
namespace {

using support::count;
using test::has;

constexpr const char* kHead =
    "class,name,images,right_as_trained,right_quantised,lost,gained,p,taken_for,taken_for_images\n";

Table classes(const std::string& content) {
  const test::Folder folder;
  test::put(folder / "classes.csv", content);
  return read_table(folder / "classes.csv", {"name"});
}

TEST(Classes, StandByTheirChange) {
  const std::string html =
      classes_html(classes(std::string(kHead) + "0,cat,40,38,36,3,1,0.625,2,2\n"
                                                "1,\"a \"\"<dog>\"\", b\",1500,1490,1480,10,0,0.0000195,0,6\n"
                                                "2,cow,40,30,33,0,3,0.25,-1,0\n"
                                                "3,owl,40,40,40,0,0,1,-1,0\n"));
  EXPECT_TRUE(has(html, "<h2>Classes</h2>"));
  EXPECT_TRUE(
      has(html, "Of 1,620 held-out images 13 are right as trained and wrong quantised (lost), 4 the other way"));
  EXPECT_TRUE(has(html, "One class, with a star, has changed by more than chance gives"));
  EXPECT_TRUE(has(html, "p below 0.05 / 4"));
  const std::size_t dog = html.find("1 a &quot;&lt;dog&gt;&quot;, b"), cow = html.find("2 cow</td>"),
                    cat = html.find("0 cat</td>");
  EXPECT_LT(dog, cow);
  EXPECT_LT(cow, cat);
  EXPECT_TRUE(has(html, "1,490 (99.3 %)"));
  EXPECT_TRUE(has(html, ">&lt; 0.0001<"));
  EXPECT_TRUE(has(html, ">0.62<"));
  EXPECT_TRUE(has(html, "&#9733; &minus;10"));
  EXPECT_EQ(count(html, "&#9733;"), 1U);
  EXPECT_TRUE(has(html, "+3</td>"));
  EXPECT_TRUE(has(html, "0 cat (6 of 10)"));
  EXPECT_TRUE(has(html, "<title>class 2 cow: 0 lost, 3 gained</title>"));
  EXPECT_EQ(count(html, "class=\"lost\""), 2U);
  EXPECT_EQ(count(html, "class=\"gained\""), 1U);
  EXPECT_TRUE(has(html, "1 class lost and gained nothing. All are in classes.csv."));
  EXPECT_FALSE(has(html, "3 owl"));
  EXPECT_FALSE(has(html, "<dog>"));
}

// A star is for what is beyond chance over all classes together.
TEST(Classes, OfManyOneChangesByChance) {
  std::string lines = kHead;
  for (int k = 0; k < 30; ++k)
    lines += fmt::format("{0},,10,9,{1},{2},0,{3},1,1\n", k, 9 - k % 7, k % 7, k % 7 == 6 ? 0.03125 : 1);
  const std::string html = classes_html(classes(lines));
  EXPECT_TRUE(has(html, "No single class has changed by more than chance gives"));
  EXPECT_FALSE(has(html, "&#9733;"));
  EXPECT_EQ(count(html, "class=\"lost\""), 12U);
  EXPECT_TRUE(has(html, "13 more classes changed no more than these. 5 classes lost and gained nothing."));
  const std::string same = classes_html(classes(std::string(kHead) + "0,,10,9,9,0,0,1,-1,0\n"));
  EXPECT_TRUE(has(same, "0 are right as trained"));
  EXPECT_FALSE(has(same, "<table"));
}

TEST(Classes, WithoutLabelsAreThoseOfTheNetworkAsTrained) {
  const std::string html =
      classes_html(classes("class,images,agreement,lost,taken_for,taken_for_images\n4,20,17,3,-1,2\n5,20,20,0,-1,0\n"));
  EXPECT_TRUE(has(html, "Of 40 held-out images the quantised network takes 3 for another class"));
  EXPECT_TRUE(has(html, "17 (85.0 %)"));
  EXPECT_TRUE(has(html, "nothing: not finite (2 of 3)"));
  EXPECT_FALSE(has(html, "chance"));
  EXPECT_FALSE(has(html, ">right as trained"));
}

TEST(Tables, HoldTextInColumnsThatAreKnownTo) {
  const Table table = classes("class,name,images\n1,\"a, \"\"b\"\"\",2\n3,,4\n");
  EXPECT_EQ(table.text("name"), (std::vector<std::string>{"a, \"b\"", ""}));
  EXPECT_EQ(table["images"], (std::vector<double>{2, 4}));
  EXPECT_TRUE(has(test::error_of([&] { (void)table.text("class"); }), "no column"));
  EXPECT_TRUE(has(test::error_of([] { classes("class,other\n1,a\n"); }), "a number was expected"));
  EXPECT_TRUE(has(test::error_of([] { classes("class,name\n1,\"a,b\n"); }), "a quote that does not end"));
  EXPECT_TRUE(has(test::error_of([] { classes("class\n" + std::string(1000, ',') + "\n"); }), "1001 fields"));
}

}  // namespace
}  // namespace vbq
