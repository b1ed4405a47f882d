// Spellings of a format's enumerators in job files and best.json: one table each.
#pragma once

#include "core/names.hpp"
#include "vbq/format.hpp"

namespace vbq {

inline constexpr Name<Encoding> kEncodings[] = {
    {"values", Encoding::values},   {"boundaries", Encoding::boundaries}, {"companded", Encoding::companded},
    {"uniform", Encoding::uniform}, {"float", Encoding::floating},        {"power-of-two", Encoding::power_of_two},
    {"grid", Encoding::grid}};
inline constexpr Name<Scope> kScopes[] = {
    {"network", Scope::network}, {"layer", Scope::layer}, {"channel", Scope::channel}};
inline constexpr Name<ScaleScope> kScales[] = {
    {"none", ScaleScope::none}, {"layer", ScaleScope::layer}, {"channel", ScaleScope::channel}};
inline constexpr Name<ScaleBy> kScaleBy[] = {{"rms", ScaleBy::rms}, {"maximum", ScaleBy::maximum}};
inline constexpr Name<LevelValues> kLevelValues[] = {{"float", LevelValues::floating}, {"int8", LevelValues::int8}};
inline constexpr Name<ActivationRange::Side> kSides[] = {{"input", ActivationRange::Side::input},
                                                         {"output", ActivationRange::Side::output}};
inline constexpr Name<Coding> kCodings[] = {{"fixed", Coding::fixed}, {"entropy", Coding::entropy}};
inline constexpr Name<Assignment> kAssignments[] = {
    {"nearest", Assignment::nearest}, {"compensated", Assignment::compensated}, {"sequential", Assignment::sequential}};
inline constexpr Name<Matching> kMatchings[] = {
    {"never", Matching::never}, {"end", Matching::end}, {"always", Matching::always}};

}  // namespace vbq
