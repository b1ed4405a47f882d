#include "config/job_lines.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "config/job_fields.hpp"

namespace vbq {
namespace {

// Keys whose default depends on others: they are said whatever they are.
constexpr const char* kSaid[] = {"format.bits",   "format.levels",     "format.encoding", "format.rate",
                                 "format.coding", "format.assignment", "format.matching"};

}  // namespace

std::string job_lines(const Job& job, JobPart part) {
  const Job none;
  std::string text, open;
  for (const JobField& field : job_fields()) {
    const auto dot = field.key.find('.');
    const std::string section = field.key.substr(0, dot), value = field.get(job);
    if (section != "format" && (section != "search" || part == JobPart::format)) continue;
    const bool said = std::ranges::find(kSaid, field.key) != std::end(kSaid);
    if (value.empty() || (!said && value == field.get(none))) continue;
    if (section != open) text += fmt::format("{}[{}]\n", open.empty() ? "" : "\n", section);
    open = section;
    text += fmt::format("{} = {}\n", field.key.substr(dot + 1), value);
  }
  return text;
}

}  // namespace vbq
