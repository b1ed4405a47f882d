#include "core/text.hpp"

#include <gtest/gtest.h>

namespace vbq {
namespace {

TEST(OneLine, IsFitForATerminal) {
  EXPECT_EQ(one_line("a\nerror: forged\x1b[31m\tb\x7f"), "a error: forged?[31m b?");
  EXPECT_EQ(one_line("größer"), "größer");
  const std::string cut = one_line(std::string(1999, 'x') + "ö" + std::string(100'000, 'y'));
  EXPECT_EQ(cut, std::string(1999, 'x') + "...");  // not half an ö
}

TEST(Text, AShellTakesQuotedTextForOneWord) {
  EXPECT_EQ(shell_quoted("a b; $c"), "'a b; $c'");
  EXPECT_EQ(shell_quoted("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_quoted(""), "''");
}

TEST(Text, AFieldOfATableIsQuotedWhereItHasToBe) {
  EXPECT_EQ(csv_field("EPYC 7763"), "EPYC 7763");
  EXPECT_EQ(csv_field("tench, Tinca tinca"), "\"tench, Tinca tinca\"");
  EXPECT_EQ(csv_field("19\" rack"), "\"19\"\" rack\"");
  EXPECT_EQ(csv_field("a\r\nb"), "a  b");
  EXPECT_EQ(csv_field(" a"), "\" a\"");
  EXPECT_EQ(csv_field(""), "");
}

}  // namespace
}  // namespace vbq
