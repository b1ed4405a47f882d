#include "onnx/tensor.hpp"

#include <bit>
#include <cstring>
#include <limits>
#include <optional>

#include "core/check.hpp"
#include "core/half.hpp"
#include "model/geometry.hpp"

namespace vbq {
namespace {

static_assert(std::endian::native == std::endian::little, "raw tensor data is little endian");

// What is asked of one tensor.
struct Source {
  const onnx::TensorProto& proto;
  const ModelPlace& place;
  const std::string& where;
  std::int64_t count;  // elements that its dims ask for
};

void check_count(const Source& s, std::int64_t found, const char* what) {
  if (found != s.count) {
    fail("{} has {} {}, where its shape asks for {}", s.where, found, what, s.count);
  }
}

// Elements of `Wire` type from raw bytes, inside or outside the message; nothing when the tensor has a typed field
// instead.
template <typename Wire, typename Out, typename Convert>
std::optional<std::vector<Out>> from_bytes(const Source& s, const Convert& convert) {
  std::string external;
  const std::string* bytes = &s.proto.raw_data();
  if (s.proto.data_location() == onnx::TensorProto::EXTERNAL) {
    std::int64_t size = 0;
    if (__builtin_mul_overflow(s.count, static_cast<std::int64_t>(sizeof(Wire)), &size)) {
      fail("{} has {} elements: fewer were expected", s.where, s.count);
    }
    external = read_external(s.proto, s.place, size, s.where);
    bytes = &external;
  } else if (!s.proto.has_raw_data()) {
    return std::nullopt;
  }
  if (bytes->size() % sizeof(Wire) != 0) {
    fail("{} has {} bytes of data: a multiple of {} was expected", s.where, bytes->size(), sizeof(Wire));
  }
  check_count(s, static_cast<std::int64_t>(bytes->size() / sizeof(Wire)), "elements");
  std::vector<Out> out(static_cast<std::size_t>(s.count));
  for (std::size_t k = 0; k < out.size(); ++k) {
    Wire wire;
    std::memcpy(&wire, bytes->data() + k * sizeof wire, sizeof wire);
    out[k] = convert(wire);
  }
  return out;
}

// From raw bytes or from the typed field `values` of the message.
template <typename Wire, typename Out, typename Values, typename Convert>
std::vector<Out> from_either(const Source& s, const Values& values, const Convert& convert) {
  if (auto out = from_bytes<Wire, Out>(s, convert)) return *std::move(out);
  check_count(s, values.size(), "values");
  std::vector<Out> out;
  out.reserve(static_cast<std::size_t>(s.count));
  for (const auto value : values) out.push_back(convert(static_cast<Wire>(value)));
  return out;
}

template <typename Wire>
std::vector<float> read_reals(const Source& s, const auto& values) {
  return from_either<Wire, float>(s, values, [](Wire v) { return static_cast<float>(v); });
}

template <typename Wire>
std::vector<std::int64_t> read_integers(const Source& s, const auto& values) {
  return from_either<Wire, std::int64_t>(s, values, [&](Wire v) {
    if constexpr (std::is_same_v<Wire, std::uint64_t>) {
      if (v > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
        fail("{} holds {}: integers below 2^63 were expected", s.where, v);
      }
    }
    return static_cast<std::int64_t>(v);
  });
}

// TensorProto.UINT4, .INT4, .UINT2 and .INT2, which older headers lack.
constexpr int kUint4 = 21, kInt4 = 22, kUint2 = 25, kInt2 = 26;

// Elements of 2 or 4 bits, as many a byte as fit, the first in the lowest bits; in the message's int32s a byte each.
std::vector<std::int64_t> read_small(const Source& s, int bits, bool is_signed) {
  const int each = 8 / bits, values = 1 << bits;
  const Source packed{s.proto, s.place, s.where, (s.count + each - 1) / each};
  const std::vector<std::int64_t> bytes = read_integers<std::uint8_t>(packed, s.proto.int32_data());
  std::vector<std::int64_t> out(static_cast<std::size_t>(s.count));
  for (std::size_t k = 0; k < out.size(); ++k) {
    const auto at = static_cast<std::size_t>(each);
    const std::int64_t value = bytes[k / at] >> (static_cast<int>(k % at) * bits) & (values - 1);
    out[k] = is_signed && value >= values / 2 ? value - values : value;
  }
  return out;
}

Shape shape_of(const onnx::TensorProto& proto, const std::string& where) {
  if (proto.dims_size() > static_cast<int>(kMostAxes)) {
    fail("{} has {} axes: at most {} were expected", where, proto.dims_size(), kMostAxes);
  }
  Shape shape(proto.dims().begin(), proto.dims().end());
  for (const std::int64_t extent : shape) {
    if (extent < 0 || extent > kLargestExtent) {
      fail("{} has shape {}: extents of 0 to {} were expected", where, shape_text(shape), kLargestExtent);
    }
  }
  return shape;
}

}  // namespace

HostTensor TensorReader::read(const onnx::TensorProto& proto, const std::string& where) {
  using Type = onnx::TensorProto;
  HostTensor tensor{shape_of(proto, where), {}};
  if (proto.has_segment()) fail("{} is split into segments, which is not supported", where);
  const Source s{proto, place_, where, elements(tensor.shape)};
  budget_.take(s.count, where);
  switch (proto.data_type()) {
    case Type::FLOAT:
      tensor.data = read_reals<float>(s, proto.float_data());
      break;
    case Type::DOUBLE:
      tensor.data = read_reals<double>(s, proto.double_data());
      break;
    case Type::FLOAT16:
      tensor.data = from_either<std::uint16_t, float>(s, proto.int32_data(), float_of_fp16);
      break;
    case Type::BFLOAT16:
      tensor.data = from_either<std::uint16_t, float>(s, proto.int32_data(), float_of_bf16);
      break;
    case Type::INT64:
      tensor.data = read_integers<std::int64_t>(s, proto.int64_data());
      break;
    case Type::INT32:
      tensor.data = read_integers<std::int32_t>(s, proto.int32_data());
      break;
    case Type::INT16:
      tensor.data = read_integers<std::int16_t>(s, proto.int32_data());
      break;
    case Type::INT8:
      tensor.data = read_integers<std::int8_t>(s, proto.int32_data());
      break;
    case Type::UINT8:
    case Type::BOOL:
      tensor.data = read_integers<std::uint8_t>(s, proto.int32_data());
      break;
    case Type::UINT16:
      tensor.data = read_integers<std::uint16_t>(s, proto.int32_data());
      break;
    case Type::UINT32:
      tensor.data = read_integers<std::uint32_t>(s, proto.uint64_data());
      break;
    case Type::UINT64:
      tensor.data = read_integers<std::uint64_t>(s, proto.uint64_data());
      break;
    case kUint4:
    case kInt4:
      tensor.data = read_small(s, 4, proto.data_type() == kInt4);
      break;
    case kUint2:
    case kInt2:
      tensor.data = read_small(s, 2, proto.data_type() == kInt2);
      break;
    default:
      fail("{} has data type {}: float, half, double, an integer or bool was expected", where, proto.data_type());
  }
  return tensor;
}

}  // namespace vbq
