// GPUs as cuDNN describes them (its own format, 9.8 and later), so that it plans for one that is not there.
#pragma once

#include <string>

namespace vbq::test {

// cuDNN's error messages name what is missing.
inline std::string description(int capability, int processors, int shared_memory, const std::string& name) {
  return R"({"maxGridSize":[2147483647,65535,65535],"maxBlockSize":[1024,1024,64],"regsPerBlock":65536,)"
         R"("smClockRateKHz":1410000,"memClockRateKHz":1215000,"l2CacheSize":41943040,"warpSize":32,)"
         R"("maxSharedMemoryPerBlock":49152,"reservedSharedMemoryPerBlock":1024,"maxRegistersPerSM":65536,)"
         R"("pciDeviceId":0,"maxCtasPerSM":32,"maxThreadsPerBlock":1024,"maxThreadsPerSM":2048,"isTccDriver":0,)"
         R"("supportCoopLaunch":1,"driverVer":13000,"cudaDeviceId":0,"totalGlobalMem":42000000000,"deviceName":")" +
         name + R"(","multiProcessorCount":)" + std::to_string(processors) + R"(,"maxSharedMemoryPerBlockOptin":)" +
         std::to_string(shared_memory) + R"(,"deviceVer":)" + std::to_string(capability) + "}";
}
inline std::string a100() { return description(800, 108, 166912, "NVIDIA A100-SXM4-40GB"); }
inline std::string h100() { return description(900, 132, 232448, "NVIDIA H100 80GB HBM3"); }

}  // namespace vbq::test
