// From a job to a problem: opens network and images, decides the split. The same on every rank.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "config/job.hpp"
#include "evaluate/problem.hpp"
#include "vbq/dataset.hpp"

namespace vbq {

// Points of a front: sizes spaced evenly over its range.
inline constexpr int kFrontPoints = 12;

struct Setup {
  Job job;  // as resolved: search_images is the number that is used, network_output the name of one of several
  Problem problem;
  std::string network_hash, data_hash;
  std::string calibration_key = {};         // rank 0's: what problem.calibration depends on
  std::filesystem::path keep_calibration;   // where to leave problem.calibration; empty: it is there, or there is none
  std::filesystem::path keep_kernels = {};  // the same of the engines' kernels, should they have any
  std::optional<std::int64_t> budget_bits = {};  // of all quantised weights together; none: no limit
  std::optional<BitRange> range = {};            // of a front; its larger end is budget_bits
  std::vector<Genome> starts;                    // more seeds for the search: what another one has found
  std::vector<std::string> warnings;             // logged already; for summary.json
};

// network: the content of job.network. Error when the pieces do not fit each other: images and network's input, labels
// and outputs, more search images than there are, nothing held out, layers to skip that the network lacks.
Setup make_setup(Job job, std::string network, const EngineOptions& engine);

// Of all quantised weights together; a budget in bits a weight goes by the network's weights.
std::int64_t bits_of(const Budget& budget, const Network& network);

// The same problem under another job that differs in [format] and [search] only.
Setup with_job(const Setup& setup, Job job);

// Error where a search on so many workers would leave some without work.
void check_workers(const Setup& setup, int workers);

}  // namespace vbq
