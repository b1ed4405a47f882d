// Loops over arrays that are to stay in registers: all their places must be known.
#pragma once

#ifdef __CUDACC__
#define VBQ_UNROLLED _Pragma("unroll")
#else
#define VBQ_UNROLLED
#endif
