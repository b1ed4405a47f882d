#include "model/onnx_external.hpp"

#include <charconv>
#include <fstream>
#include <system_error>

#include "core/check.hpp"
#include "core/file.hpp"
#include "model/onnx_name.hpp"
#include "model/onnx_tensor.hpp"

namespace vbq {
namespace fs = std::filesystem;
namespace {

struct Location {
  std::string file;
  std::int64_t offset = 0;
  std::int64_t length = -1;  // -1: not said
};

// A decimal number >= 0, or -1.
std::int64_t number(const std::string& text) {
  std::int64_t value = -1;
  const char* end = text.data() + text.size();
  const auto [stop, code] = std::from_chars(text.data(), end, value);
  return code == std::errc() && stop == end && value >= 0 ? value : -1;
}

Location location_of(const onnx::TensorProto& proto, const std::string& where) {
  Location place;
  for (const auto& entry : proto.external_data()) {
    if (entry.key() == "location") {
      place.file = entry.value();
    } else if (entry.key() == "offset" || entry.key() == "length") {
      const std::int64_t value = number(entry.value());
      if (value < 0) {
        fail("{} has external data with {} \"{}\": a number >= 0 was expected", where, entry.key(),
             clean_name(entry.value()));
      }
      (entry.key() == "offset" ? place.offset : place.length) = value;
    }
  }
  if (place.file.empty() || place.file.find('\0') != std::string::npos) {
    fail("{} has external data without a usable location: a path inside the model's folder was expected", where);
  }
  return place;
}

}  // namespace

std::int64_t declared_external_bytes(const onnx::TensorProto& proto) {
  if (proto.data_location() != onnx::TensorProto::EXTERNAL) return 0;
  for (const auto& entry : proto.external_data()) {
    if (entry.key() == "length") return std::max<std::int64_t>(number(entry.value()), 0);
  }
  return 0;
}

std::string read_external(const onnx::TensorProto& proto, const fs::path& folder, std::int64_t bytes,
                          const std::string& where) {
  const Location place = location_of(proto, where);
  const fs::path path = contained_path(folder, place.file, where);
  std::error_code code;
  if (!fs::is_regular_file(path, code)) {
    fail("{} has its data in {}, which is not a file", where, clean_name(path.string()));
  }
  const auto size = fs::file_size(path, code);
  if (code) fail("cannot read {}: {}", clean_name(path.string()), code.message());
  if (place.length >= 0 && place.length != bytes) {
    fail("{} has external data of {} bytes, where its type and shape ask for {}", where, place.length, bytes);
  }
  if (static_cast<std::uint64_t>(place.offset) > size ||
      static_cast<std::uint64_t>(bytes) > size - static_cast<std::uint64_t>(place.offset)) {
    fail("{} has its {} bytes at offset {} of {}, which has {} bytes", where, bytes, place.offset,
         clean_name(path.string()), size);
  }
  std::ifstream file(path, std::ios::binary);
  std::string content(static_cast<std::size_t>(bytes), '\0');
  if (!file.seekg(place.offset) || !file.read(content.data(), bytes)) {
    fail("cannot read {} bytes at offset {} of {}", bytes, place.offset, clean_name(path.string()));
  }
  return content;
}

}  // namespace vbq
