// Layout, arrays of one axis: key: uint8 [bytes]; node, blocks_of_node: int64 [layers]; first_row, rows, columns_of,
// feedback_of: int64 [blocks], the latter two lengths; columns: int32 [sum of columns_of]; diagonal: float [sum of
// columns_of]; feedback: float [sum of feedback_of].
#include "store/calibration_file.hpp"

#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "core/check.hpp"
#include "core/file.hpp"
#include "store/array.hpp"
#include "store/checkpoint_file.hpp"
#include "store/keyed_file.hpp"
#include "store/memory_image.hpp"

namespace vbq {
namespace {

using namespace hdf5;

constexpr std::int64_t kMostNodes = std::numeric_limits<int>::max();
constexpr std::int64_t kSmallParts = std::int64_t{16} << 20;  // bytes of all that are not numbers of a factor

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
  std::vector<float> feedback, diagonal;
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
      diagonal.insert(diagonal.end(), block.diagonal.begin(), block.diagonal.end());
    }
  }
  MemoryImage image(where);
  const auto write = [&]<typename T>(const char* name, const std::vector<T>& values) {
    write_vector<T>(image.file(), name, values, where);
  };
  write_key(image.file(), key, where);
  write("node", node);
  write("blocks_of_node", blocks);
  write("first_row", first_row);
  write("rows", rows);
  write("columns_of", columns_of);
  write("feedback_of", feedback_of);
  write("columns", columns);
  write("feedback", feedback);
  write("diagonal", diagonal);
  return seal_checkpoint(image.finish());
}

}  // namespace

std::optional<Calibration> decode_calibration(std::string_view image, const std::string* key,
                                              const std::string& where) {
  const Silence silence;
  const File file = open_image(image, where);
  if (key != nullptr && !has_key(file.get(), *key, where)) return std::nullopt;
  const auto integers = [&](const char* name) { return read_vector<std::int64_t>(file.get(), name, where); };
  const auto node = integers("node"), blocks = integers("blocks_of_node"), first_row = integers("first_row");
  const auto rows = integers("rows"), columns_of = integers("columns_of"), feedback_of = integers("feedback_of");
  const auto columns = read_vector<std::int32_t>(file.get(), "columns", where);
  const auto feedback = read_vector<float>(file.get(), "feedback", where);
  const auto diagonal = read_vector<float>(file.get(), "diagonal", where);
  const bool fit = blocks.size() == node.size() && rows.size() == first_row.size() &&
                   columns_of.size() == first_row.size() && feedback_of.size() == first_row.size() &&
                   diagonal.size() == columns.size();
  if (!fit) fail("{}: its arrays do not fit together", where);
  Calibration calibration;
  std::size_t block = 0, column = 0, number = 0;
  for (std::size_t i = 0; i < node.size(); ++i) {
    LayerFactor& factor = calibration.factors.emplace_back();
    if (node[i] < 0 || node[i] > kMostNodes) fail("{}: it has a factor of node {}", where, node[i]);
    factor.node = static_cast<int>(node[i]);
    if (blocks[i] < 0 || static_cast<std::uint64_t>(blocks[i]) > first_row.size() - block) {
      fail("{}: its arrays do not fit together", where);
    }
    for (const std::size_t end = block + static_cast<std::size_t>(blocks[i]); block < end; ++block) {
      FactorBlock& made = factor.blocks.emplace_back();
      made.first_row = first_row[block];
      made.rows = rows[block];
      const auto from = diagonal.begin() + static_cast<std::ptrdiff_t>(column);
      made.columns = take(columns, column, columns_of[block], where);
      made.diagonal.assign(from, from + columns_of[block]);
      made.feedback = take(feedback, number, feedback_of[block], where);
    }
  }
  return calibration;
}

void save_calibration(const std::filesystem::path& path, const Calibration& calibration, const std::string& key) {
  write_file(path, encode(calibration, key));
}

std::optional<Calibration> load_calibration(const std::filesystem::path& path, const std::string& key,
                                            std::int64_t bytes) {
  return load_keyed<Calibration>(
      path, "calibration", bytes + kSmallParts, "the calibration is made again",
      [&](std::string_view image, const std::string& where) { return decode_calibration(image, &key, where); });
}

std::optional<Calibration> read_calibration(const std::filesystem::path& path) {
  return load_keyed<Calibration>(
      path, "calibration", std::int64_t{2} << 30, "the report goes without it",
      [](std::string_view image, const std::string& where) { return decode_calibration(image, nullptr, where); });
}

}  // namespace vbq
