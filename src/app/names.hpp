// Spellings of enumerators in job files, best.json and on the command line: one table each.
#pragma once

#include <span>
#include <utility>

#include "core/check.hpp"
#include "data/resample.hpp"
#include "evaluate/fitness.hpp"
#include "model/onnx_export.hpp"
#include "vbq/engine.hpp"
#include "vbq/format.hpp"
#include "vbq/layout.hpp"
#include "vbq/search.hpp"

namespace vbq {

template <typename T>
using Name = std::pair<const char*, T>;

inline constexpr Name<Encoding> kEncodings[] = {
    {"values", Encoding::values},   {"boundaries", Encoding::boundaries}, {"companded", Encoding::companded},
    {"uniform", Encoding::uniform}, {"float", Encoding::floating},        {"power-of-two", Encoding::power_of_two}};
inline constexpr Name<Scope> kScopes[] = {
    {"network", Scope::network}, {"layer", Scope::layer}, {"channel", Scope::channel}};
inline constexpr Name<ScaleScope> kScales[] = {
    {"none", ScaleScope::none}, {"layer", ScaleScope::layer}, {"channel", ScaleScope::channel}};
inline constexpr Name<ScaleBy> kScaleBy[] = {{"rms", ScaleBy::rms}, {"maximum", ScaleBy::maximum}};
inline constexpr Name<Assignment> kAssignments[] = {
    {"nearest", Assignment::nearest}, {"compensated", Assignment::compensated}, {"sequential", Assignment::sequential}};
inline constexpr Name<Matching> kMatchings[] = {
    {"never", Matching::never}, {"end", Matching::end}, {"always", Matching::always}};
inline constexpr Name<Method> kMethods[] = {
    {"genetic", Method::genetic}, {"random", Method::random}, {"annealing", Method::annealing}};
inline constexpr Name<Operators> kPresets[] = {{"standard", Operators::standard},
                                               {"nogami2018", Operators::nogami2018}};
inline constexpr Name<Fitness> kFitness[] = {
    {"top1", Fitness::top1}, {"loss", Fitness::loss}, {"divergence", Fitness::divergence}};
inline constexpr Name<Interpolation> kInterpolations[] = {{"bilinear", Interpolation::bilinear},
                                                          {"bicubic", Interpolation::bicubic}};
inline constexpr Name<Layout> kLayouts[] = {{"nchw", Layout::nchw}, {"nhwc", Layout::nhwc}};
inline constexpr Name<ExportForm> kExportForms[] = {{"codebook", ExportForm::codebook},
                                                    {"packed", ExportForm::packed},
                                                    {"dequantize", ExportForm::dequantize},
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

template <typename T>
const char* name_of(T value, std::span<const Name<T>> names) {
  for (const auto& [name, known] : names) {
    if (known == value) return name;
  }
  fail_internal("an enumerator has no name");
}

// The value that `spelled` names; `what` is for the Error ("--engine").
template <typename T>
T value_of(const std::string& spelled, std::span<const Name<T>> names, const std::string& what) {
  std::string all;
  for (const auto& [name, value] : names) {
    if (spelled == name) return value;
    all += (all.empty() ? "" : ", ") + std::string(name);
  }
  fail("{} is \"{}\": one of {} was expected", what, spelled.substr(0, 80), all);
}

}  // namespace vbq
