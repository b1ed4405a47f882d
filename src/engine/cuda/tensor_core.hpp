// Tensor cores, and copies into shared memory that do not wait. (The emulated GPU has the same in C++ of its own:
// tests/gpu/emulated/shim.) All lanes of a warp take part in load_rows() and multiply().
#pragma once

#include <cstdint>

#include "engine/cuda/plan/array.hpp"

namespace vbq::cuda {

struct alignas(16) Octet {  // 8 numbers of 16 bits
  std::uint32_t words[4];
};

// A lane's part of a matrix of 16 bits a number: of 16 x 16, row after row; of 16 x 8, column after column: lane l
// holds numbers 2 (l % 4), 2 (l % 4) + 1 and those 8 further on of column l / 4.
struct Rows {
  std::uint32_t words[4];
};
struct Column {
  std::uint32_t words[2];
};

// octet (shared memory): of lane l, numbers 8 (l / 16) to 8 (l / 16) + 7 of row l % 16.
__device__ inline Rows load_rows(const Octet* octet) {
  const auto at = static_cast<std::uint32_t>(__cvta_generic_to_shared(octet));
  Rows rows;
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];"
               : "=r"(rows.words[0]), "=r"(rows.words[1]), "=r"(rows.words[2]), "=r"(rows.words[3])
               : "r"(at));
  return rows;
}

// Of 16 x 8 sums: of lane l, places 2 (l % 4) and 2 (l % 4) + 1 of rows l / 4 and l / 4 + 8.
struct Sums {
  float at[4];
};

// sums + rows * columns, in fp32.
__device__ inline Sums multiply(const Rows& rows, const Column& column, const Sums& sums, Fp16) {
  Sums to;
  asm("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%10, %11, %12, %13};"
      : "=f"(to.at[0]), "=f"(to.at[1]), "=f"(to.at[2]), "=f"(to.at[3])
      : "r"(rows.words[0]), "r"(rows.words[1]), "r"(rows.words[2]), "r"(rows.words[3]), "r"(column.words[0]),
        "r"(column.words[1]), "f"(sums.at[0]), "f"(sums.at[1]), "f"(sums.at[2]), "f"(sums.at[3]));
  return to;
}
__device__ inline Sums multiply(const Rows& rows, const Column& column, const Sums& sums, Bf16) {
  Sums to;
  asm("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%10, %11, %12, %13};"
      : "=f"(to.at[0]), "=f"(to.at[1]), "=f"(to.at[2]), "=f"(to.at[3])
      : "r"(rows.words[0]), "r"(rows.words[1]), "r"(rows.words[2]), "r"(rows.words[3]), "r"(column.words[0]),
        "r"(column.words[1]), "f"(sums.at[0]), "f"(sums.at[1]), "f"(sums.at[2]), "f"(sums.at[3]));
  return to;
}

// Two numbers, each to the nearest, ties to even, the first in the lower half.
__device__ inline std::uint32_t pair_of(float first, float second, Fp16) {
  std::uint32_t pair;
  asm("cvt.rn.f16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(second), "f"(first));
  return pair;
}
__device__ inline std::uint32_t pair_of(float first, float second, Bf16) {
  std::uint32_t pair;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(pair) : "f"(second), "f"(first));
  return pair;
}

// As Clamp, of two numbers each, but for the sign of zeros.
__device__ inline std::uint32_t clamped(std::uint32_t pair, std::uint32_t low, std::uint32_t high, Fp16) {
  asm("max.NaN.f16x2 %0, %0, %1;" : "+r"(pair) : "r"(low));
  asm("min.NaN.f16x2 %0, %0, %1;" : "+r"(pair) : "r"(high));
  return pair;
}
__device__ inline std::uint32_t clamped(std::uint32_t pair, std::uint32_t low, std::uint32_t high, Bf16) {
  asm("max.NaN.bf16x2 %0, %0, %1;" : "+r"(pair) : "r"(low));
  asm("min.NaN.bf16x2 %0, %0, %1;" : "+r"(pair) : "r"(high));
  return pair;
}

// 16 bytes to shared memory; zeros, and `from` is not read, unless `there`.
__device__ inline void copy_later(Octet* to, const void* from, bool there) {
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;"
               :
               : "r"(static_cast<std::uint32_t>(__cvta_generic_to_shared(to))), "l"(from), "r"(there ? 16 : 0)
               : "memory");
}
// What a thread has asked for since it last said so is one group; waits until all its groups but the last are there.
__device__ inline void end_group() { asm volatile("cp.async.commit_group;" ::: "memory"); }
__device__ inline void wait_for_all_groups_but_one() { asm volatile("cp.async.wait_group 1;" ::: "memory"); }

}  // namespace vbq::cuda
