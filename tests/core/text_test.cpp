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

}  // namespace
}  // namespace vbq
