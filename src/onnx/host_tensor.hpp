// HostTensor: data known while the network is read: weights, and the integers that shapes are computed from.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "vbq/network.hpp"

namespace vbq {

// Row-major, host. Two kinds of numbers are enough: float, half and double are float here; integers and bool (0, 1)
// int64.
struct HostTensor {
  Shape shape;
  std::variant<std::vector<float>, std::vector<std::int64_t>> data;

  bool is_real() const { return std::holds_alternative<std::vector<float>>(data); }
  const std::vector<float>& reals() const { return std::get<std::vector<float>>(data); }
  const std::vector<std::int64_t>& integers() const { return std::get<std::vector<std::int64_t>>(data); }
  std::size_t size() const {
    return std::visit([](const auto& values) { return values.size(); }, data);
  }
};

}  // namespace vbq
