// The table of all keys of a job file: how each is read and written. A new key is one more row here.
#pragma once

#include <filesystem>
#include <functional>
#include <span>
#include <string>

#include "config/job.hpp"
#include "config/key_texts.hpp"
#include "config/toml_value.hpp"

namespace vbq {

struct JobField {
  std::string key;                                  // "search.seed"
  std::function<void(Job&, const TomlValue&)> set;  // Error when the value does not fit
  std::function<std::string(const Job&)> get;       // TOML text; empty: the key is left out
  bool part_of_result = true;                       // a resumed run must agree in it
  std::string spellings = {};                       // the names that it may be, for messages: "never, end, always"
  KeyText text = {};                                // its default and meaning, in words

  std::string values() const { return spellings.empty() ? text.values : "one of " + spellings; }
};

// In the order in which job.toml is written, sections together.
std::span<const JobField> job_fields();

}  // namespace vbq
