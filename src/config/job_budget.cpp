#include "config/job_budget.hpp"

#include "config/size_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <vector>

namespace vbq {
namespace {

// "2.3 bits", "75 KiB", "80000 bytes"; what was expected otherwise is told of the whole value.
Budget read_budget(const TomlValue& value, const std::string& text) {
  const char* expected =
      "bits a weight (\"2.3 bits\"), a size (\"75 KiB\", \"80000 bytes\"), \"front\", or two of them, the smaller "
      "first (a front: [\"1.5 bits\", \"4 bits\"])";
  const auto [amount, unit] = amount_and_unit(text);
  if (!(amount > 0) || amount > 1e15) value.refuse(expected);
  if (unit == "bit" || unit == "bits") return {amount, Budget::Unit::bits};
  const double bytes = bytes_of_unit(unit);
  if (bytes == 0) value.refuse(expected);
  return {amount * bytes, Budget::Unit::bytes};
}

}  // namespace

void set_budget(Job& job, const TomlValue& value) {
  job.front.reset();
  job.budgets.clear();
  if (value.is_text() && value.text() == "front") {
    job.front.emplace();
  } else if (value.is_text() || !value.is_texts()) {
    job.budget = read_budget(value, value.is_text() ? value.text() : "");
    return;
  } else {
    const std::vector<std::string> ends = value.texts();
    if (ends.size() != 2) {
      for (const std::string& text : ends) {
        job.budgets.push_back(read_budget(value, text));
        if (std::ranges::count(job.budgets, job.budgets.back()) > 1) value.refuse("each budget once");
      }
      if (ends.empty()) value.refuse("a budget, or several");
      job.budget = job.budgets.front();
      if (ends.size() == 1) job.budgets.clear();
      return;
    }
    job.front = BudgetRange{read_budget(value, ends[0]), read_budget(value, ends[1])};
  }
  job.budget = job.front->most;
}

std::string toml_budget(const Job& job) {
  const auto text = [](const Budget& one) {
    return fmt::format("\"{} {}\"", one.amount, one.unit == Budget::Unit::bits ? "bits" : "bytes");
  };
  if (job.front) return fmt::format("[{}, {}]", text(job.front->least), text(job.front->most));
  if (!job.budgets.empty()) {
    std::vector<std::string> all;
    std::ranges::transform(job.budgets, std::back_inserter(all), text);
    return fmt::format("[{}]", fmt::join(all, ", "));
  }
  return job.budget ? text(*job.budget) : std::string();
}

std::vector<Budget> budgets_of(const Job& job) {
  if (job.front) return {job.front->least, job.front->most};
  if (!job.budgets.empty()) return job.budgets;
  return job.budget ? std::vector{*job.budget} : std::vector<Budget>();
}

Job job_of_budget(Job job, const Budget& budget) {
  job.front.reset();
  job.budgets.clear();
  job.budget = budget;
  return job;
}

}  // namespace vbq
