// Numbers of 16 bits: fp16 (IEEE binary16: 5 bits of exponent, 10 of fraction) and bf16 (fp32's upper half: 8 and 7).
// To fp32 is exact. From fp32 is to the nearest, ties to even; what rounds to more than the largest number becomes
// infinite; a NaN stays one, as the NaN that CUDA's conversions make.
#pragma once

#include <bit>
#include <cstdint>

namespace vbq {

constexpr float float_of_fp16(std::uint16_t bits) {
  const std::uint32_t sign = (bits & 0x8000U) << 16, exponent = bits >> 10 & 0x1fU, fraction = bits & 0x3ffU;
  if (exponent == 0) {  // zero or subnormal: fraction * 2^-24
    const float magnitude = static_cast<float>(fraction) * 0x1p-24F;
    return sign != 0 ? -magnitude : magnitude;
  }
  const std::uint32_t wide = exponent == 31 ? 255 : exponent + 112;
  return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
}

constexpr float float_of_bf16(std::uint16_t bits) {
  return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
}

constexpr std::uint16_t fp16_of(float v) {
  const auto bits = std::bit_cast<std::uint32_t>(v);
  const std::uint32_t sign = bits >> 16 & 0x8000U, magnitude = bits & 0x7fffffffU;
  if (magnitude > 0x7f800000U) return 0x7fff;  // NaN
  std::uint32_t result = 0;
  if (magnitude >= std::bit_cast<std::uint32_t>(65520.0F)) {
    result = 0x7c00;  // half-way between 65,504 and the next number, had there been one
  } else if (magnitude >= std::bit_cast<std::uint32_t>(0x1p-14F)) {
    // A carry out of the fraction steps the exponent, as it should.
    result = (magnitude + 0xfffU + (magnitude >> 13 & 1U) - (112U << 23)) >> 13;
  } else {  // a multiple of 2^-24: the sum's last bit
    const float sum = std::bit_cast<float>(magnitude) + 0.5F;
    result = std::bit_cast<std::uint32_t>(sum) - std::bit_cast<std::uint32_t>(0.5F);
  }
  return static_cast<std::uint16_t>(sign | result);
}

constexpr std::uint16_t bf16_of(float v) {
  const auto bits = std::bit_cast<std::uint32_t>(v);
  if ((bits & 0x7fffffffU) > 0x7f800000U) return 0x7fff;  // NaN
  return static_cast<std::uint16_t>((bits + 0x7fffU + (bits >> 16 & 1U)) >> 16);
}

}  // namespace vbq
