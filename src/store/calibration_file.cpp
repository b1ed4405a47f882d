// Layout, arrays of one axis: key: uint8 [bytes]; node, blocks_of_node: int64 [layers]; first_row, rows, columns_of,
// feedback_of: int64 [blocks], the latter two lengths; columns: int32 [sum of columns_of]; feedback: float [sum of
// feedback_of].
#include "store/calibration_file.hpp"

#include <cstdint>
#include <utility>
#include <vector>

#include "core/check.hpp"
#include "core/file.hpp"
#include "core/log.hpp"
#include "store/array.hpp"
#include "store/checkpoint_file.hpp"
#include "store/memory_image.hpp"

namespace vbq {
namespace {

using namespace hdf5;

constexpr std::uint64_t kLargest = std::uint64_t{16} << 30;  // bytes

// As many of `from` as `count` says, from `at` on.
template <typename T>
std::vector<T> take(const std::vector<T>& from, std::size_t& at, std::int64_t count, const std::string& where) {
  if (count < 0 || static_cast<std::uint64_t>(count) > from.size() - at)
    fail("{}: its arrays do not fit together", where);
  const auto first = from.begin() + static_cast<std::ptrdiff_t>(at);
  at += static_cast<std::size_t>(count);
  return {first, first + static_cast<std::ptrdiff_t>(count)};
}

std::string encode(const Calibration& calibration, const std::string& key) {
  const Silence silence;
  const std::string where = "calibration";
  std::vector<std::int64_t> node, blocks, first_row, rows, columns_of, feedback_of;
  std::vector<std::int32_t> columns;
  std::vector<float> feedback;
  for (const LayerFactor& factor : calibration.factors) {
    node.push_back(factor.node);
    blocks.push_back(static_cast<std::int64_t>(factor.blocks.size()));
    for (const FactorBlock& block : factor.blocks) {
      first_row.push_back(block.first_row);
      rows.push_back(block.rows);
      columns_of.push_back(static_cast<std::int64_t>(block.columns.size()));
      feedback_of.push_back(static_cast<std::int64_t>(block.feedback.size()));
      columns.insert(columns.end(), block.columns.begin(), block.columns.end());
      feedback.insert(feedback.end(), block.feedback.begin(), block.feedback.end());
    }
  }
  MemoryImage image(where);
  const auto write = [&]<typename T>(const char* name, const std::vector<T>& values) {
    write_vector<T>(image.file(), name, values, where);
  };
  write("key", std::vector<std::uint8_t>(key.begin(), key.end()));
  write("node", node);
  write("blocks_of_node", blocks);
  write("first_row", first_row);
  write("rows", rows);
  write("columns_of", columns_of);
  write("feedback_of", feedback_of);
  write("columns", columns);
  write("feedback", feedback);
  return seal_checkpoint(image.finish());
}

// None for another key.
std::optional<Calibration> decode(std::string_view content, const std::string& key, const std::string& where) {
  const Silence silence;
  const File file = open_image(unseal_checkpoint(content, where), where);
  const auto bytes = read_vector<std::uint8_t>(file.get(), "key", where);
  if (std::string(bytes.begin(), bytes.end()) != key) return std::nullopt;
  const auto integers = [&](const char* name) { return read_vector<std::int64_t>(file.get(), name, where); };
  const auto node = integers("node"), blocks = integers("blocks_of_node"), first_row = integers("first_row");
  const auto rows = integers("rows"), columns_of = integers("columns_of"), feedback_of = integers("feedback_of");
  const auto columns = read_vector<std::int32_t>(file.get(), "columns", where);
  const auto feedback = read_vector<float>(file.get(), "feedback", where);
  Calibration calibration;
  std::size_t block = 0, column = 0, number = 0;
  for (std::size_t i = 0; i < node.size(); ++i) {
    LayerFactor& factor = calibration.factors.emplace_back();
    factor.node = static_cast<int>(node[i]);
    for (std::int64_t k = 0; k < blocks.at(i); ++k, ++block) {
      FactorBlock& made = factor.blocks.emplace_back();
      made.first_row = first_row.at(block);
      made.rows = rows.at(block);
      made.columns = take(columns, column, columns_of.at(block), where);
      made.feedback = take(feedback, number, feedback_of.at(block), where);
    }
  }
  return calibration;
}

}  // namespace

void save_calibration(const std::filesystem::path& path, const Calibration& calibration, const std::string& key) {
  write_file(path, encode(calibration, key));
}

std::optional<Calibration> load_calibration(const std::filesystem::path& path, const std::string& key) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  try {
    return decode(read_file(path, "calibration", kLargest), key, path.string());
  } catch (const std::exception& error) {  // also of vector::at: arrays that do not fit together
    log::warning("{}; the calibration is made again", error.what());
    return std::nullopt;
  }
}

}  // namespace vbq
