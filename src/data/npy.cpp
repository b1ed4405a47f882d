#include "data/npy.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>

#include "core/check.hpp"
#include "core/file.hpp"
#include "data/input_file.hpp"
#include "data/npy_header.hpp"

namespace vbq {
namespace {

static_assert(std::endian::native == std::endian::little, "arrays are read and written as they lie in memory");

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::uint32_t kLongestHeader = 1 << 20;  // bytes; NumPy itself warns beyond 10,000

struct TypeRow {
  NpyType type;
  const char* descr;
  const char* name;
  std::int64_t size;
};
constexpr std::array<TypeRow, 5> kTypes{{{NpyType::float32, "<f4", "float32", 4},
                                         {NpyType::float64, "<f8", "float64", 8},
                                         {NpyType::uint8, "|u1", "uint8", 1},
                                         {NpyType::int32, "<i4", "int32", 4},
                                         {NpyType::int64, "<i8", "int64", 8}}};

const TypeRow& row_of(NpyType type) {
  return *std::find_if(kTypes.begin(), kTypes.end(), [type](const TypeRow& row) { return row.type == type; });
}

const TypeRow& row_of(const std::string& descr, const std::string& where) {
  for (const TypeRow& row : kTypes) {
    if (descr == row.descr) return row;
  }
  fail("{} holds numbers of type \"{}\": little-endian float32, float64, uint8, int32 or int64 was expected", where,
       descr);
}

// Bytes of the array; Error when they cannot be counted.
std::uint64_t payload(const std::vector<std::int64_t>& shape, std::int64_t size, const std::string& where) {
  std::int64_t bytes = size;
  const bool none = std::find(shape.begin(), shape.end(), 0) != shape.end();
  for (const std::int64_t extent : shape) {
    if (none) return 0;
    if (__builtin_mul_overflow(bytes, extent, &bytes)) {
      fail("{} promises an array of [{}]: more than can be counted", where, fmt::join(shape, ", "));
    }
  }
  return static_cast<std::uint64_t>(bytes);
}

template <typename From, typename To>
std::vector<To> convert(const std::vector<std::uint8_t>& bytes) {
  std::vector<To> out(bytes.size() / sizeof(From));
  for (std::size_t i = 0; i < out.size(); ++i) {
    From value;
    std::memcpy(&value, bytes.data() + i * sizeof(From), sizeof(From));
    out[i] = static_cast<To>(value);
  }
  return out;
}

// Magic, version and the text behind them; `used` is where the numbers begin.
std::string header_text(InputFile& file, std::uint64_t& used) {
  std::array<std::uint8_t, 8> start{};
  if (file.size() >= start.size()) file.read(start);
  if (std::memcmp(start.data(), kMagic.data(), kMagic.size()) != 0)
    fail("{} is not a .npy file: its first bytes are others", file.name());
  const unsigned version = start[6];
  if (version < 1 || version > 3) fail("{} has version {}.{}: 1, 2 or 3 was expected", file.name(), version, start[7]);
  const std::size_t length_bytes = version == 1 ? 2 : 4;
  used = start.size() + length_bytes;
  if (file.size() < used) fail("{} ends inside its header", file.name());
  std::array<std::uint8_t, 4> length{};
  file.read(std::span(length).first(length_bytes));
  const auto size = std::bit_cast<std::uint32_t>(length);
  if (size > kLongestHeader || size > file.size() - used) {
    fail("{} promises a header of {} bytes: at most {} were expected", file.name(), size,
         std::min<std::uint64_t>(kLongestHeader, file.size() - used));
  }
  std::vector<std::uint8_t> text(size);
  file.read(text);
  used += size;
  return {text.begin(), text.end()};
}

}  // namespace

const char* npy_type_name(NpyType type) { return row_of(type).name; }

std::int64_t NpyArray::elements() const { return static_cast<std::int64_t>(bytes.size()) / row_of(type).size; }

std::vector<float> NpyArray::as_floats() const {
  switch (type) {
    case NpyType::float64:
      return convert<double, float>(bytes);
    case NpyType::uint8:
      return convert<std::uint8_t, float>(bytes);
    case NpyType::int32:
      return convert<std::int32_t, float>(bytes);
    case NpyType::int64:
      return convert<std::int64_t, float>(bytes);
    case NpyType::float32:
      break;
  }
  return convert<float, float>(bytes);
}

std::vector<std::int64_t> NpyArray::as_integers() const {
  switch (type) {
    case NpyType::uint8:
      return convert<std::uint8_t, std::int64_t>(bytes);
    case NpyType::int32:
      return convert<std::int32_t, std::int64_t>(bytes);
    case NpyType::int64:
      return convert<std::int64_t, std::int64_t>(bytes);
    case NpyType::float32:
    case NpyType::float64:
      break;
  }
  fail("{} holds {}: integers were expected", origin, npy_type_name(type));
}

NpyArray read_npy(const std::filesystem::path& path) {
  InputFile file(path, "array");
  std::uint64_t used = 0;
  const NpyHeader header = parse_npy_header(header_text(file, used), file.name());
  const TypeRow& row = row_of(header.descr, file.name());
  if (header.fortran_order && header.shape.size() > 1) {
    fail("{} is in Fortran order: C order was expected (numpy.ascontiguousarray makes it)", file.name());
  }
  const std::uint64_t bytes = payload(header.shape, row.size, file.name());
  if (bytes != file.size() - used) {
    fail("{} has {} bytes after its header: {} were expected for {} of shape [{}]", file.name(), file.size() - used,
         bytes, row.name, fmt::join(header.shape, ", "));
  }
  NpyArray array{header.shape, row.type, std::vector<std::uint8_t>(bytes), file.name()};
  file.read(array.bytes);
  return array;
}

void write_npy(const std::filesystem::path& path, std::span<const std::int64_t> shape, std::span<const float> data) {
  const std::vector<std::int64_t> extents(shape.begin(), shape.end());
  if (payload(extents, sizeof(float), path.string()) != data.size_bytes()) {
    fail_internal("{}: {} numbers do not fill shape [{}]", path.string(), data.size(), fmt::join(shape, ", "));
  }
  std::string text = fmt::format("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}{}), }}",
                                 fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
  // The numbers begin at a multiple of 64 bytes; a line end closes the header.
  constexpr std::size_t kAlign = 64, kBefore = 10;
  text.resize((kBefore + text.size() + 1 + kAlign - 1) / kAlign * kAlign - kBefore - 1, ' ');
  text += '\n';
  std::string content(kMagic);
  content += {'\x01', '\x00', static_cast<char>(text.size() & 0xFF), static_cast<char>(text.size() >> 8)};
  content += text;
  content.append(reinterpret_cast<const char*>(data.data()), data.size_bytes());
  write_file(path, content);
}

}  // namespace vbq
