#include "json/json_file.hpp"

#include <algorithm>
#include <array>

#include "core/check.hpp"
#include "core/file.hpp"

namespace vbq {
namespace {

constexpr std::uint64_t kLargestJson = std::uint64_t{256} << 20;  // bytes
constexpr std::size_t kShown = 40;                                // bytes of a string

// Refuses what exceeds a limit before it is kept.
class Guard {
 public:
  Guard(const std::string& where, std::size_t most_values) : where_(where), most_values_(most_values) {}

  void operator()(int depth, Json::parse_event_t event) {
    if (depth > kDeepestJson) fail("{} is nested more than {} deep, which vbq does not write", where_, kDeepestJson);
    if (++values_ > most_values_) fail("{} holds more than {} values", where_, most_values_);
    // An object's keys are told one level deeper than its start.
    if (event == Json::parse_event_t::object_start) keys_.at(static_cast<std::size_t>(depth) + 1) = 0;
    if (event == Json::parse_event_t::key && ++keys_.at(static_cast<std::size_t>(depth)) > kMostJsonKeys) {
      fail("{} holds an object of more than {} keys", where_, kMostJsonKeys);
    }
  }

 private:
  const std::string& where_;
  std::size_t values_ = 0, most_values_;
  std::array<int, kDeepestJson + 2> keys_{};  // of the object that is open at each depth
};

}  // namespace

Json parse_json(std::string_view text, const std::string& where, std::size_t most_values) {
  Guard guard(where, most_values);
  Json json = Json::parse(
      text,
      [&](int depth, Json::parse_event_t event, Json&) {
        guard(depth, event);
        return true;
      },
      false);
  if (json.is_discarded()) fail("{} is not JSON", where);
  if (!json.is_object())
    fail("{} is not JSON as vbq writes it: a JSON object was expected, {} was found", where, shown(json));
  return json;
}

std::string read_json_text(const std::filesystem::path& path, const std::string& what) {
  return read_file(path, what, kLargestJson);
}

Json read_json(const std::filesystem::path& path, const std::string& what) {
  return parse_json(read_json_text(path, what), what + " " + path.string());
}

std::string shown(const Json& value) {
  if (value.is_array()) return fmt::format("an array of {}", value.size());
  if (value.is_object()) return "an object";
  if (!value.is_string()) return value.dump();
  const auto& text = value.get_ref<const std::string&>();
  std::size_t length = std::min(text.size(), kShown);
  // Not in the middle of a character: UTF-8's other bytes are 10xxxxxx.
  while (length > 0 && length < text.size() && (static_cast<unsigned char>(text[length]) & 0xC0U) == 0x80U) --length;
  return Json(text.substr(0, length)).dump() + (length < text.size() ? "..." : "");
}

}  // namespace vbq
