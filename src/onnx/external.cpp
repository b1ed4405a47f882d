#include "onnx/external.hpp"

#include <charconv>
#include <fstream>
#include <system_error>

#include "core/check.hpp"
#include "onnx/name.hpp"
#include "onnx/tensor.hpp"

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

// A name from a file must not lead out of the model's folder, by itself or over a link that came with the model (in an
// archive, say). The one way out is to the folder that the model itself is a link into: whoever named the model has
// chosen that one too.
fs::path data_path(const ModelPlace& place, const std::string& name, const std::string& where) {
  const fs::path named = fs::path(name).lexically_normal();
  if (named.is_absolute() || named.empty() || *named.begin() == "..") {
    fail("{} names \"{}\": a path inside the model's folder was expected", where, clean_name(name));
  }
  std::error_code code;
  const fs::path full = fs::weakly_canonical(place.folder / name, code);
  const fs::path inside = full.lexically_relative(place.folder);
  const bool stays = !inside.empty() && *inside.begin() != "..";
  if (code || !(stays || full.parent_path() == place.file_folder)) {
    fail("{} names \"{}\", which leads to {}: a file in {} was expected", where, clean_name(name),
         clean_name(full.string()), place.file_folder.string());
  }
  return full;
}

}  // namespace

ModelPlace::ModelPlace(const fs::path& model) {
  std::error_code code;
  const fs::path parent = model.parent_path();
  folder = fs::weakly_canonical(parent.empty() ? fs::path(".") : parent, code);
  const fs::path file = fs::weakly_canonical(model, code);
  file_folder = code ? folder : file.parent_path();
}

std::int64_t declared_external_bytes(const onnx::TensorProto& proto) {
  if (proto.data_location() != onnx::TensorProto::EXTERNAL) return 0;
  for (const auto& entry : proto.external_data()) {
    if (entry.key() == "length") return std::max<std::int64_t>(number(entry.value()), 0);
  }
  return 0;
}

std::string read_external(const onnx::TensorProto& proto, const ModelPlace& model, std::int64_t bytes,
                          const std::string& where) {
  const Location place = location_of(proto, where);
  const fs::path path = data_path(model, place.file, where);
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
