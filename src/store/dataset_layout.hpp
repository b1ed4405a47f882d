// Names and numbers of a dataset file that its writer and reader share.
#pragma once

#include <cstdint>

namespace vbq::dataset_layout {

inline constexpr const char* kFormat = "vbq dataset";
inline constexpr std::int64_t kVersion = 1;

// Of the root: format, version, classes, hash, and, where photos were imported, preprocessing (text).
inline constexpr const char* kFormatName = "format";
inline constexpr const char* kVersionName = "version";
inline constexpr const char* kClassesName = "classes";
inline constexpr const char* kHashName = "hash";
inline constexpr const char* kPreprocessingName = "preprocessing";
// Arrays: pixels uint8 [N, C, H, W] with attributes mean, std [C]; labels int32 [N], missing where classes is 0;
// class_names, text of fixed length [classes], may be missing.
inline constexpr const char* kPixelsName = "pixels";
inline constexpr const char* kMeanName = "mean";
inline constexpr const char* kStdName = "std";
inline constexpr const char* kLabelsName = "labels";
inline constexpr const char* kClassNamesName = "class_names";

}  // namespace vbq::dataset_layout
