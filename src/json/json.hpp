// JSON values: objects keep the order in which their keys were set.
#pragma once

#include <nlohmann/json.hpp>

#include "json/json_fwd.hpp"
