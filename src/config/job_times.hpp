// Times in a job, such as "30s", "5min" or "1h".
#pragma once

#include <string>

#include "config/job.hpp"
#include "config/toml_value.hpp"

namespace vbq {

// A time, or a number of generations; and as TOML writes it.
CheckpointInterval read_interval(const TomlValue& value);
std::string interval_text(const CheckpointInterval& interval);

// A time, or a number of seconds.
double read_seconds(const TomlValue& value);

}  // namespace vbq
