// What a user gave that has no effect. Options are refused where they can be told from their absence and mean nothing;
// the rest, which jobs and scripts give for good reasons, is warned of. docs/reference.md lists all.
#pragma once

#include <string>
#include <vector>

#include "config/job.hpp"
#include "vbq/engine.hpp"

namespace vbq {

// Keys that differ from their defaults and have no effect beside the job's other keys: a sentence each.
std::vector<std::string> unused_keys(const Job& job);

// The same of `vbq compare`, which sets some keys by itself.
std::vector<std::string> unused_keys_of_compare(const Job& job);

// Of what engines leave without effect.
std::vector<std::string> unused_engine_options(const EngineOptions& given);

// Warns of --engine, --precision and --threads that differ from their defaults, given to a command that computes
// nothing with an engine; `what` names it.
void warn_unused_engine_options(const EngineOptions& given, const std::string& what);

}  // namespace vbq
