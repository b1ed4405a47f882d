// The live picture of a search, without a terminal.
#include "report/screen.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "report/text_plot.hpp"

namespace vbq {
namespace {

constexpr TextStyle kPlain{false, true}, kColours{true, true}, kAscii{false, false};

ScreenState search() {
  ScreenState state;
  state.title = "net.onnx: 8 levels";
  state.generation = 18;
  state.generations = 30;
  state.networks = 20;
  state.made = 14;
  state.run = 6;
  state.fitness_name = "divergence";
  for (int g = 0; g < 17; ++g) {
    state.best.push_back(0.5 / (g + 1));
    state.median.push_back(0.9 / (g + 1));
  }
  state.share_name = "top-1";
  state.share = {705, 900};
  state.as_trained = {710, 900};
  state.evaluations = 245;
  state.images_a_second = 18520;
  state.images = "900 to search on, 300 to validate on, 597 held out";
  state.workers = {{"worker 1  AMD EPYC, 1 thread", 0.98}, {"worker 2  AMD EPYC, 1 thread", 0.5}};
  state.seconds = 12;
  state.seconds_left = 65;
  return state;
}

ScreenState front() {
  ScreenState state = search();
  state.fitness_name = "hypervolume";
  state.median.clear();
  state.share_name.clear();
  for (int i = 0; i < 12; ++i) {
    state.front_bits.push_back(1.25 + 0.1 * i);
    state.front_fitness.push_back(4 + std::sqrt(i));
  }
  return state;
}

std::vector<ScreenState> states() {
  ScreenState many = search();
  for (int w = 0; w < 998; ++w) many.workers.push_back({"worker on a node with quite a long name, NVIDIA H100", 0.25});
  ScreenState named = search();
  named.title = "\xE7\xB6\xB2\xE7\xB5\xA1\x1b[2J\xFF.onnx: a name of another script, an escape sequence, a broken byte";
  named.workers.front().name = named.title;
  ScreenState odd = search();
  odd.best = odd.median = {std::numeric_limits<double>::quiet_NaN(), 1, 1, -1e300};
  odd.generations = 0;
  odd.seconds_left = 1e9;
  odd.seconds_without_gain = 20;
  ScreenState phase = search();
  phase.phase = "choosing what is delivered";
  return {{}, search(), front(), many, named, odd, phase};
}

std::string joined(const std::vector<TextLine>& lines) {
  std::string text;
  for (const TextLine& line : lines) text += line.text() + "\n";
  return text;
}

// Columns of a line as a terminal shows it: two for each of the letters above, none for a change of colour.
int shown_columns(const std::string& line) {
  int columns = 0;
  bool escape = false;
  for (const char c : line) {
    const auto byte = static_cast<unsigned char>(c);
    escape = escape || c == '\x1b';
    if (!escape && (byte & 0xC0U) != 0x80U) columns += byte == 0xE7 ? 2 : 1;
    escape = escape && c != 'm';
  }
  return columns;
}

bool ascii(const std::string& text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
}

TEST(Screen, FitsWhateverTheSize) {
  for (const int columns : {1, 20, 40, 80, 200}) {
    for (const int rows : {1, 6, 24, 60}) {
      for (const TextStyle& style : {kPlain, kColours, kAscii}) {
        for (const ScreenState& state : states()) {
          const std::vector<TextLine> lines = screen_lines(state, {columns, rows}, style);
          EXPECT_LE(std::ssize(lines), rows);
          EXPECT_GE(std::ssize(lines), std::min(rows, 5));
          for (const TextLine& line : lines) {
            EXPECT_LE(shown_columns(line.text()), columns) << line.text();
            EXPECT_EQ(shown_columns(line.text()), line.columns()) << line.text();
            EXPECT_EQ(line.text().find("\x1b[2J"), std::string::npos) << "what a file is called is no order";
            EXPECT_EQ(line.text().find('\xFF'), std::string::npos);
            EXPECT_TRUE(style.colours || line.text().find('\x1b') == std::string::npos) << line.text();
            EXPECT_TRUE(style.unicode || ascii(line.text())) << line.text();
          }
        }
      }
    }
  }
}

TEST(Screen, SaysWhatIsKnown) {
  const std::string text = joined(screen_lines(search(), {80, 24}, kPlain));
  for (const char* part :
       {"net.onnx: 8 levels", "18 of 30", "20 networks, 14 made, 6 run", "0.029412 best", "0.052941 median",
        "78.33 %  (95 % interval 75.52 to 80.90), FP32 78.89 %", "1:05 min left, 12 s so far",
        "245 run, 18,520 images/s", "300 to validate on", "generation", "98 % busy", "50 % busy"}) {
    EXPECT_NE(text.find(part), std::string::npos) << part << " in:\n" << text;
  }
  ScreenState patient = search();
  patient.seconds_without_gain = 20;
  EXPECT_NE(joined(screen_lines(patient, {80, 24}, kPlain)).find("1:05 min left at most, 20 s if nothing is gained"),
            std::string::npos);
}

TEST(Screen, SaysThatItIsBeginning) {
  ScreenState state;
  state.generation = 1;
  state.generations = 30;
  const std::string text = joined(screen_lines(state, {80, 24}, kPlain));
  EXPECT_NE(text.find("after the first generation"), std::string::npos) << text;
  EXPECT_NE(text.find("being measured with the first networks"), std::string::npos) << text;
}

TEST(Screen, TheFiguresStayWhereThereIsLittleRoom) {
  const std::vector<TextLine> lines = screen_lines(search(), {20, 6}, kPlain);
  ASSERT_EQ(lines.size(), 6U);
  EXPECT_EQ(lines[1].text(), "generation 18 of 30 ");
  EXPECT_EQ(lines[2].text(), "divergence 0.029412 ");
  EXPECT_EQ(lines[3].text(), "top-1 78.33 %  (95 %");
  EXPECT_EQ(lines[4].text(), "time 1:05 min left, ");
}

TEST(Screen, ManyWorkersAreSummedUp) {
  ScreenState state = search();
  for (int w = 2; w < 1000; ++w) state.workers.push_back({"worker", 0.25});
  const std::vector<TextLine> lines = screen_lines(state, {80, 60}, kPlain);
  EXPECT_EQ(lines.back().text(), "and 984 workers more, 25 to 25 % busy, 25 in the mean");
  const std::string text = joined(lines);
  std::size_t shown = 0;
  for (std::size_t at = text.find("% busy\n"); at != std::string::npos; at = text.find("% busy\n", at + 1)) ++shown;
  EXPECT_EQ(shown, 16U);
}

TEST(Screen, AFrontIsDrawnBesideItsCurveOrBelowIt) {
  const auto row_of = [](const std::vector<TextLine>& lines, const char* part) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
      if (lines[i].text().find(part) != std::string::npos) return static_cast<int>(i);
    }
    return -1;
  };
  const std::vector<TextLine> wide = screen_lines(front(), {80, 24}, kPlain),
                              high = screen_lines(front(), {40, 60}, kPlain);
  EXPECT_EQ(row_of(wide, "hypervolume  "), row_of(wide, "front: fitness"));
  EXPECT_GT(row_of(wide, "front: fitness"), 0);
  EXPECT_GT(row_of(high, "front: fitness"), row_of(high, "│") + 3);
  EXPECT_GT(row_of(wide, "12 networks, 1.25 to 2.35 bits"), 0);
  EXPECT_GT(row_of(wide, "1.25 bits a weight"), 0) << "the axis";
}

TEST(TextPlot, ALineIsDrawnInDots) {
  PlotSeries rising{{0, 1}, {0, 1}};
  std::vector<TextLine> lines(3, TextLine(12, kPlain));
  add_plot({"rising", {rising}, "", 0, false}, lines, 12, kPlain);
  EXPECT_EQ(lines[1].text(), "        1│⡠⠊");  // dots (0, 3), (1, 2), (2, 1), (3, 0) of 4 x 4
  lines.assign(4, TextLine(12, kAscii));
  add_plot({"rising", {rising}, "", 0, false}, lines, 12, kAscii);
  EXPECT_EQ(lines[1].text(), "        1| *");
  EXPECT_EQ(lines[2].text(), "        0|* ");
}

TEST(TextPlot, ADotMayBeFour) {
  const PlotSeries one{{0, 1}, {0, 1}, PlotSeries::Mark::thick_dots};
  std::vector<TextLine> lines(3, TextLine(12, kPlain));
  add_plot({"two", {one}, "", 0, false}, lines, 12, kPlain);
  EXPECT_EQ(lines[1].text(), "        1│⣤⠛");
}

TEST(TextPlot, UpwardsInRatiosWhereAsked) {
  PlotSeries falling{{0, 1, 2}, {100, 10, 1}, PlotSeries::Mark::dots};
  std::vector<TextLine> lines(5, TextLine(13, kAscii));
  add_plot({"falling", {falling}, "", 0, true}, lines, 13, kAscii);
  EXPECT_EQ(lines[1].text(), "      100|*  ");
  EXPECT_EQ(lines[2].text(), "         | * ");
  EXPECT_EQ(lines[3].text(), "        1|  *");
  falling.y.back() = 0;  // has no logarithm
  lines.assign(5, TextLine(13, kAscii));
  add_plot({"falling", {falling}, "", 0, true}, lines, 13, kAscii);
  EXPECT_EQ(lines[3].text(), "        0| **");
}

TEST(TextLine, IsCutAndPaintedAsTold) {
  EXPECT_EQ(TextLine(5, kPlain).add("sev").add("eral").text(), "sever");
  EXPECT_EQ(TextLine(5, kPlain).add("ab\xE7\xB6\xB2\xE7\xB6\xB2").text(), "ab\xE7\xB6\xB2") << "no half of a letter";
  EXPECT_EQ(TextLine(9, kPlain).add("a\nb\xC3\xA4\xC2\x9B\xE7").text(), "a?b\xC3\xA4??");
  EXPECT_EQ(TextLine(9, kAscii).add("\xC3\xA4").text(), "?");
  EXPECT_EQ(TextLine(9, kColours).add("a", Paint::first).add("b").text(), "\x1b[32ma\x1b[0mb");
  EXPECT_EQ(TextLine(9, kColours).add("a", Paint::strong).text(), "\x1b[1ma\x1b[0m");
  EXPECT_EQ(TextLine(4, kPlain).add("a").fill_to(9).add("b").text(), "a   ");
  EXPECT_EQ(TextLine(9, kPlain).add("several", Paint::plain, 3).add("!").text(), "sev!");
}

}  // namespace
}  // namespace vbq
