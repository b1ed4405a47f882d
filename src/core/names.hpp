// Spellings of enumerators, as files and the command line have them: how a table of them is read both ways.
#pragma once

#include <span>
#include <string>
#include <utility>

#include "core/check.hpp"

namespace vbq {

template <typename T>
using Name = std::pair<const char*, T>;

template <typename T>
const char* name_of(T value, std::span<const Name<T>> names) {
  for (const auto& [name, known] : names) {
    if (known == value) return name;
  }
  fail_internal("an enumerator has no name");
}

// The value that `spelled` names; `what` is for the Error ("--engine").
template <typename T>
T value_of(const std::string& spelled, std::span<const Name<T>> names, const std::string& what) {
  std::string all;
  for (const auto& [name, value] : names) {
    if (spelled == name) return value;
    all += (all.empty() ? "" : ", ") + std::string(name);
  }
  fail("{} is \"{}\": one of {} was expected", what, spelled.substr(0, 80), all);
}

}  // namespace vbq
