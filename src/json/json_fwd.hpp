// The type of JSON values, named: json.hpp defines it.
#pragma once

#include <nlohmann/json_fwd.hpp>

namespace vbq {

using Json = nlohmann::ordered_json;

}  // namespace vbq
