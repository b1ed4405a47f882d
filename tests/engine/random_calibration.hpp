// A calibration of random inputs, for compensated assignment through engines.
#pragma once

#include <memory>

#include "support/moments.hpp"
#include "support/networks.hpp"
#include "vbq/calibration.hpp"

namespace vbq::test {

// Of every layer; each sees so many images.
inline std::shared_ptr<Calibration> random_calibration(const Network& net, std::uint32_t images = 10) {
  auto calibration = std::make_shared<Calibration>();
  for (const int k : weight_layers(net)) {
    const Node& node = net.nodes[static_cast<std::size_t>(k)];
    const Shape& input = net.shapes[static_cast<std::size_t>(node.inputs.front())];
    InputMoments moments(node, k, input, net.shapes[static_cast<std::size_t>(k) + 1], 10);
    for (std::uint32_t image = 0; image < images; ++image) {
      support::add_image(moments, support::normals(static_cast<std::size_t>(elements(input)), image + 1, 1.0), input);
    }
    calibration->factors.push_back(support::factor_of(moments, k));
  }
  return calibration;
}

}  // namespace vbq::test
