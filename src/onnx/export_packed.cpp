// Form packed: as many indices a byte as fit, in the smallest of several ways.
#include <algorithm>
#include <bit>
#include <functional>
#include <limits>

#include "onnx/export_chain.hpp"

namespace vbq::exporting {
namespace {

using Type = onnx::TensorProto;

constexpr int kBitwiseOpset = 18, kUint4Opset = 21, kUint2Opset = 25;

int index_bits(std::size_t levels) { return std::max(1, static_cast<int>(std::bit_width(levels - 1))); }

std::size_t power(std::size_t base, std::size_t exponent) {
  std::size_t result = 1;
  for (std::size_t k = 0; k < exponent; ++k) result *= base;
  return result;
}

// A byte is a number of `digits` digits in base `levels`: the row of a table that holds their levels. So unpacking is a
// look-up, which every opset has. The number of digits that makes the smallest file, and divides the weights.
std::size_t digits_in_a_byte(std::size_t weights, std::size_t levels) {
  std::size_t best = 1, least = std::numeric_limits<std::size_t>::max(), rows = 1;
  for (std::size_t digits = 1; levels > 1 && (rows *= levels) <= 256 && digits <= 8; ++digits) {
    if (weights % digits != 0) continue;
    const std::size_t size = weights / digits + rows * digits * sizeof(float);
    if (size < least) {
      least = size;
      best = digits;
    }
  }
  return best;
}

Parts by_digits(const Weight& w, std::size_t digits, Scope& scope) {
  const std::vector<float>& codebook = w.codebooks.front();
  const std::size_t levels = codebook.size(), rows = power(levels, digits);
  std::vector<std::uint8_t> numbers(w.indices.size() / digits);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    std::size_t number = 0;
    for (std::size_t d = digits; d-- > 0;) number = number * levels + w.indices[i * digits + d];
    numbers[i] = static_cast<std::uint8_t>(number);
  }
  std::vector<float> table;
  for (const std::size_t row : sort_by_frequency(numbers, rows)) {
    for (std::size_t d = 0, rest = row; d < digits; ++d, rest /= levels) table.push_back(codebook[rest % levels]);
  }
  Chain chain(w, scope, Naming::after_weight);
  chain.cast(chain.bytes("indices", shape_of({numbers.size()}), numbers), Type::INT32);
  const std::string rows_of_levels = chain.floats("levels", shape_of({rows, digits}), table);
  chain.then("Gather", {rows_of_levels, chain.value()});
  chain.reshape(w.shape);
  chain.scale();
  return chain.finish();
}

// Bit planes: eight neighbours' bits of one rank lie in a byte, its planes beside it: [rows, groups, 1, bits]. And-ed
// with eight masks they are [rows, groups, 8, bits], where not 0 is a bit; a weight's bits are the place of its level
// in a table of two entries an axis. (No BitShift: OpenCV's takes no shifts that differ within a tensor.)
struct Planes {
  std::size_t groups;
  std::vector<std::uint8_t> bytes;
};

Planes planes_of(const Numbered& n, std::size_t bits) {
  Planes planes{(n.row + 7) / 8, {}};
  planes.bytes.resize(n.rows * planes.groups * bits, 0);
  for (std::size_t r = 0; r < n.rows; ++r) {
    for (std::size_t i = 0; i < n.row; ++i) {
      std::uint8_t* group = &planes.bytes[(r * planes.groups + i / 8) * bits];
      const int number = n.indices[r * n.row + i];
      for (std::size_t b = 0; b < bits; ++b) {
        const int bit = number >> (bits - 1 - b) & 1;
        group[b] = static_cast<std::uint8_t>(group[b] | bit << i % 8);
      }
    }
  }
  return planes;
}

Parts by_bits(const Weight& w, Scope& scope) {
  const Numbered n = numbered(w);
  const bool each = n.rows > 1;
  const auto bits = static_cast<std::size_t>(index_bits(n.levels));
  const Planes planes = planes_of(n, bits);
  Shape shape = shape_of({planes.groups, 1, bits}), table_shape(bits, 2);
  std::vector<float> table;
  for (std::size_t r = 0; r < n.rows; ++r) {
    const auto own = n.table.begin() + static_cast<std::ptrdiff_t>(r * n.levels);
    table.insert(table.end(), own, own + static_cast<std::ptrdiff_t>(n.levels));
    table.resize((r + 1) << bits, table.back());
  }
  if (each) {
    for (Shape* one : {&shape, &table_shape}) one->insert(one->begin(), static_cast<std::int64_t>(n.rows));
  }
  Chain chain(w, scope, Naming::brief);
  const std::string data = chain.bytes("bits", shape, planes.bytes);
  chain.then("BitwiseAnd", {data, chain.masks()});
  chain.cast(chain.value(), Type::BOOL);
  chain.cast(chain.value(), Type::INT64);
  const std::string levels = chain.floats("levels", table_shape, table);
  onnx::NodeProto& gather = chain.then("GatherND", {levels, chain.value()});
  if (each) set_integer(gather, "batch_dims", 1);
  if (n.row % 8 != 0) chain.cut_rows(each ? n.rows : 0, planes.groups * 8, n.row);
  if (each) {
    chain.place_rows({});
  } else {
    chain.reshape(w.shape);
  }
  chain.scale();
  return chain.finish();
}

std::size_t size_of(const Parts& parts) {
  std::size_t bytes = 0;
  for (const auto& node : parts.nodes) bytes += node.ByteSizeLong();
  for (const auto& tensor : parts.tensors) bytes += tensor.ByteSizeLong();
  return bytes;
}

// One way to write a weight. data: bytes of its indices and levels.
struct Way {
  std::size_t data;
  std::function<Parts(Scope&)> make;
};

// All that the opset has, those of fewer nodes first.
std::vector<Way> ways_of(const Weight& w, int opset, Readers readers) {
  constexpr std::size_t kMostUnfolded = 1 << 25;  // weights: whoever unfolds bits holds an int64 for each
  const std::size_t count = w.indices.size(), rows = w.codebooks.size();
  std::size_t most = 0;
  for (const auto& levels : w.codebooks) most = std::max(most, levels.size());
  const auto bits = static_cast<std::size_t>(index_bits(most));
  std::vector<Way> ways{{count * sizeof(float), [&](Scope&) { return plain(w); }}};
  const auto indices = [&](std::size_t width, int type, int since) {
    if (bits > width || opset < since) return;
    const std::size_t data = (count * width + 7) / 8 + rows * most * sizeof(float);
    ways.push_back({data, [&w, type](Scope& scope) { return by_indices(w, type, scope); }});
  };
  if (readers == Readers::newest) {
    indices(2, kUint2, kUint2Opset);
    indices(4, kUint4, kUint4Opset);
  }
  indices(8, Type::UINT8, rows > 1 ? kGatherElementsOpset : 0);
  if (const std::size_t digits = rows > 1 ? 1 : digits_in_a_byte(count, most); digits > 1) {
    ways.push_back({count / digits + power(most, digits) * digits * sizeof(float),
                    [&w, digits](Scope& scope) { return by_digits(w, digits, scope); }});
  }
  if (opset >= kBitwiseOpset && bits < 8 && count <= kMostUnfolded) {
    const std::size_t groups = (count / rows + 7) / 8;
    ways.push_back({rows * (groups * bits + (sizeof(float) << bits)), [&](Scope& scope) { return by_bits(w, scope); }});
  }
  return ways;
}

}  // namespace

// The smallest. Of many weights a few nodes do not count, nor is each way tried.
Parts packed(const Weight& w, Scope& scope) {
  constexpr std::size_t kMany = 1 << 16;
  const std::vector<Way> ways = ways_of(w, scope.opset, scope.readers);
  if (w.indices.size() >= kMany) return std::ranges::min_element(ways, {}, &Way::data)->make(scope);
  const Scope before = scope;
  Parts best;
  std::size_t least = std::numeric_limits<std::size_t>::max();
  for (const Way& way : ways) {
    Scope used = before;
    Parts parts = way.make(used);
    if (size_of(parts) >= least) continue;
    least = size_of(parts);
    best = std::move(parts);
    scope = std::move(used);
  }
  return best;
}

}  // namespace vbq::exporting
