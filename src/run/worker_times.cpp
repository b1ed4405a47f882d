#include "run/worker_times.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string_view>

#include "core/file.hpp"
#include "core/text.hpp"
#include "vbq/error.hpp"

namespace vbq {
namespace {

constexpr std::uint64_t kLargestTable = std::uint64_t{64} << 20;

}  // namespace

std::vector<std::string> worker_lines(int generation, double seconds, const Pace& pace,
                                      std::span<const ComputingRank> workers) {
  const std::size_t together = (workers.size() + kMostWorkerLines - 1) / kMostWorkerLines;
  std::vector<std::string> lines;
  for (std::size_t first = 0; first < workers.size(); first += together) {
    const std::size_t count = std::min(together, workers.size() - first);
    WorkerSeconds sum;
    for (std::size_t w = first; w < first + count; ++w) {
      const WorkerSeconds& spent = pace.spent(w);
      const double busy = spent.making + spent.running, share = busy > seconds ? seconds / busy : 1;
      sum.making += share * spent.making;
      sum.running += share * spent.running;
    }
    const auto mean = [&](double of) { return std::max(0.0, of / static_cast<double>(count)); };
    lines.push_back(fmt::format("{},{},{},{},{},{:.4f},{:.4f},{:.4f}", generation, workers[first].rank, count,
                                csv_field(workers[first].host), csv_field(workers[first].device), mean(sum.making),
                                mean(sum.running),
                                mean(seconds * static_cast<double>(count) - sum.making - sum.running)));
  }
  return lines;
}

std::vector<std::string> kept_worker_lines(const std::filesystem::path& file, int generation) {
  std::string text;
  try {
    text = read_file(file, "table", kLargestTable);
  } catch (const Error&) {
    return {};
  }
  std::vector<std::string> lines;
  std::string_view rest(text);
  const std::string head = std::string(kWorkersHeader) + "\n";
  if (!rest.starts_with(head)) return {};
  rest.remove_prefix(head.size());
  for (std::size_t end = rest.find('\n'); end != std::string_view::npos; end = rest.find('\n')) {
    int of = 0;
    const auto [at, code] = std::from_chars(rest.data(), rest.data() + end, of);
    if (code == std::errc() && of >= 1 && of <= generation) lines.emplace_back(rest.substr(0, end));
    rest.remove_prefix(end + 1);
  }
  return lines;
}

}  // namespace vbq
