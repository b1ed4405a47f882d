// Files of a run's folder that are made once and used again at every start, where they are of the same things: a key
// says of which. Sealed like a checkpoint, HDF5 inside.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/file.hpp"
#include "core/log.hpp"
#include "store/array.hpp"
#include "store/checkpoint_file.hpp"
#include "vbq/error.hpp"

namespace vbq::hdf5 {

// The key as an array of bytes; whether a file has this one.
inline void write_key(hid_t file, const std::string& key, const std::string& where) {
  write_vector<std::uint8_t>(file, "key", std::vector<std::uint8_t>(key.begin(), key.end()), where);
}
inline bool has_key(hid_t file, const std::string& key, const std::string& where) {
  const auto bytes = read_vector<std::uint8_t>(file, "key", where);
  return std::string(bytes.begin(), bytes.end()) == key;
}

// What decode(image, where) makes of it. None when there is no such file; or when it is damaged or larger than `most`
// bytes, which is told in a warning that ends with `then` ("the calibration is made again"). what: the file's name in
// it.
template <typename Content, typename Decode>
std::optional<Content> load_keyed(const std::filesystem::path& path, const char* what, std::int64_t most,
                                  const char* then, Decode decode) {
  if (!std::filesystem::exists(path)) return std::nullopt;
  try {
    const std::string content = read_file(path, what, static_cast<std::uint64_t>(most));
    return decode(unseal_checkpoint(content, path.string()), path.string());
  } catch (const Error& error) {
    log::warning("{}; {}", error.what(), then);
    return std::nullopt;
  }
}

}  // namespace vbq::hdf5
