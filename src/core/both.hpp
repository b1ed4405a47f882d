// VBQ_BOTH marks functions that are compiled for the GPU as well where nvcc compiles them.
#pragma once

#ifdef __CUDACC__
#define VBQ_BOTH __host__ __device__
#else
#define VBQ_BOTH
#endif

// Before a loop whose variable picks elements of a small array: on a GPU the array then lies in registers.
#ifdef __CUDA_ARCH__
#define VBQ_UNROLL _Pragma("unroll")
#else
#define VBQ_UNROLL
#endif
