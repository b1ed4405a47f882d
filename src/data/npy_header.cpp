#include "data/npy_header.hpp"

#include <charconv>
#include <set>

#include "core/check.hpp"

namespace vbq {
namespace {

constexpr std::size_t kMostAxes = 32;  // NumPy's own limit

class Parser {
 public:
  Parser(std::string_view text, const std::string& where) : text_(text), where_(where) {}

  NpyHeader parse() {
    NpyHeader header;
    std::set<std::string> seen;
    expect('{');
    while (!accept('}')) {
      const std::string key = quoted();
      if (!seen.insert(key).second) broken("key \"" + key + "\" twice");
      expect(':');
      if (key == "descr") {
        if (peek() == '[') fail("{} holds a structured type: a plain number was expected", where_);
        header.descr = quoted();
      } else if (key == "fortran_order") {
        header.fortran_order = boolean();
      } else if (key == "shape") {
        header.shape = tuple();
      } else {
        broken("key \"" + key + "\"");
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    if (at_ != text_.size()) broken("text after its end");
    if (seen.size() != 3) broken("not all of descr, fortran_order and shape");
    return header;
  }

 private:
  [[noreturn]] void broken(const std::string& found) const {
    fail("{} has a broken header: {} was found near byte {} of it", where_, found, at_);
  }
  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
  }
  char peek() {
    skip_space();
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool accept(char c) {
    if (peek() != c || at_ == text_.size()) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (!accept(c)) broken(std::string("no '") + c + "'");
  }
  bool accept_word(std::string_view word) {
    skip_space();
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  bool boolean() {
    if (accept_word("True")) return true;
    if (!accept_word("False")) broken("neither True nor False");
    return false;
  }
  std::string quoted() {
    const char quote = peek();
    if (quote != '\'' && quote != '"') broken("no quoted text");
    const auto end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) broken("a quote without its end");
    const std::string_view inside = text_.substr(at_ + 1, end - at_ - 1);
    if (inside.size() > 64) broken("a text of more than 64 characters");
    at_ = end + 1;
    return std::string(inside);
  }
  std::vector<std::int64_t> tuple() {
    std::vector<std::int64_t> extents;
    expect('(');
    while (!accept(')')) {
      skip_space();
      std::int64_t extent = 0;
      const auto [end, code] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), extent);
      if (code != std::errc() || extent < 0) broken("an extent that is not a whole number of 0 or more");
      at_ = static_cast<std::size_t>(end - text_.data());
      extents.push_back(extent);
      if (extents.size() > kMostAxes) broken("more than 32 axes");
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return extents;
  }

  std::string_view text_;
  const std::string& where_;
  std::size_t at_ = 0;
};

}  // namespace

NpyHeader parse_npy_header(std::string_view text, const std::string& where) { return Parser(text, where).parse(); }

}  // namespace vbq
