// Spellings of all other enumerators in job files and on the command line: one table each.
#pragma once

#include "core/names.hpp"
#include "data/augment.hpp"
#include "data/resample.hpp"
#include "onnx/export.hpp"
#include "quant/names.hpp"
#include "search/fitness.hpp"
#include "search/search.hpp"
#include "vbq/engine.hpp"
#include "vbq/layout.hpp"

namespace vbq {

inline constexpr Name<Augment> kAugments[] = {
    {"none", Augment::none}, {"shift", Augment::shift}, {"mix", Augment::mix}};
inline constexpr Name<Method> kMethods[] = {
    {"genetic", Method::genetic}, {"random", Method::random}, {"annealing", Method::annealing}};
inline constexpr Name<Operators> kPresets[] = {{"standard", Operators::standard},
                                               {"nogami2018", Operators::nogami2018}};
inline constexpr Name<Fitness> kFitness[] = {{"top1", Fitness::top1},
                                             {"loss", Fitness::loss},
                                             {"divergence", Fitness::divergence},
                                             {"outputs", Fitness::outputs}};
inline constexpr Name<Interpolation> kInterpolations[] = {{"bilinear", Interpolation::bilinear},
                                                          {"bicubic", Interpolation::bicubic}};
inline constexpr Name<Layout> kLayouts[] = {{"nchw", Layout::nchw}, {"nhwc", Layout::nhwc}};
inline constexpr Name<ExportForm> kExportForms[] = {{"codebook", ExportForm::codebook},
                                                    {"packed", ExportForm::packed},
                                                    {"dequantize", ExportForm::dequantize},
                                                    {"qdq", ExportForm::qdq},
                                                    {"float", ExportForm::plain}};
inline constexpr Name<EngineKind> kEngines[] = {{"auto", EngineKind::automatic},
                                                {"cuda", EngineKind::cuda},
                                                {"cpu", EngineKind::cpu},
                                                {"reference", EngineKind::reference}};
inline constexpr Name<Precision> kPrecisions[] = {{"fp32", Precision::fp32},
                                                  {"tf32", Precision::tf32},
                                                  {"fp16", Precision::fp16},
                                                  {"bf16", Precision::bf16},
                                                  {"best", Precision::best}};

}  // namespace vbq
