// VBQ_BOTH marks functions that are compiled for the GPU as well where nvcc compiles them.
#pragma once

#ifdef __CUDACC__
#define VBQ_BOTH __host__ __device__
#else
#define VBQ_BOTH
#endif
