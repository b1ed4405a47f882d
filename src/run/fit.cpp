#include "run/fit.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "core/check.hpp"

namespace vbq {
namespace {

// What else could be meant, where the file has more outputs than the one that was read.
std::string other_outputs(const Network& network) {
  if (network.file_outputs.size() < 2) return {};
  return fmt::format(" (it was read up to its output \"{}\", of {}: --output-name or network.output names another)",
                     network.output_name, fmt::join(network.file_outputs, ", "));
}

// What to do at the import of photos so that they become what the network takes; empty where it cannot be said.
std::string how_to_fit(const DatasetInfo& info, const Shape& want) {
  if (info.preprocessing.empty() || want.size() != 3) return "";  // not photos, or not images
  std::vector<std::string> options;
  if (info.channels == 3 && want[0] == 1) options.emplace_back("with --grey");
  if (info.channels == 1 && want[0] == 3) options.emplace_back("without --grey");
  if (info.height != want[1] || info.width != want[2]) {
    options.push_back(fmt::format("with --resize or --crop {}x{}", want[1], want[2]));
  }
  return options.empty() ? "" : fmt::format(" (import the photos {})", fmt::join(options, " and "));
}

}  // namespace

void check_fit(const DatasetInfo& info, const Network& network, const std::string& network_path) {
  const Shape& want = network.input_shape();
  if (want != Shape{info.channels, info.height, info.width}) {
    fail("images of {} are {}x{}x{} (channels, height, width): network {} takes {}{}", info.origin, info.channels,
         info.height, info.width, network_path, fmt::join(want, "x"), how_to_fit(info, want));
  }
  const Shape& answer = network.output_shape();
  if (std::count_if(answer.begin(), answer.end(), [](std::int64_t extent) { return extent > 1; }) > 1) {
    fail(
        "network {} gives [N, {}], numbers for more than one position of an image: one score a class, [N, classes], "
        "was expected{}",
        network_path, fmt::join(answer, ", "), other_outputs(network));
  }
  const std::int64_t outputs = elements(answer);
  if (outputs < info.classes) {
    fail("{} has {} classes: network {} has {} outputs{}", info.origin, info.classes, network_path, outputs,
         other_outputs(network));
  }
}

std::vector<std::string> label_offset_warnings(const DatasetInfo& info, const Network& network,
                                               std::optional<std::int64_t> label_offset) {
  if (label_offset || elements(network.output_shape()) != info.classes + 1) return {};
  return {fmt::format(
      "the network has {} outputs, one more than {} has classes: usually a background class that comes first; then "
      "--label-offset 1 (in a job: data.label_offset) counts labels from there, and 0 says that all is well",
      info.classes + 1, info.origin)};
}

}  // namespace vbq
