// The job of `vbq quantise`: what a user asked for in a few words, with settings that suit most networks.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/job.hpp"

namespace vbq {

// What the network shall become. At most one of bits, size and front; none: 3 bits.
struct QuantiseGoal {
  std::optional<int> bits;          // at most 2^bits levels a layer
  std::optional<std::string> size;  // "2.3 bits", "75 KiB": a budget
  bool front = false;               // networks of all sizes
  std::optional<std::string> time;  // "10min": for the search's generations, of which there are as many as fit
};

// Error in the words of the command line where that is more than one, or none that can be read.
void check_goal(const QuantiseGoal& goal);

// How a dataset's images are shared out: the held-out ones are those that the others leave.
struct ImageShares {
  std::int64_t seen = 0;        // by the search, those that validate included
  std::int64_t validation = 0;  // of those
  std::int64_t block = 1;
};

// Two thirds of the images, 2,500 at most, are the search's, and a fifth of these validate, in ten blocks or more.
// Error where there are fewer than 30; origin names them.
ImageShares share_images(std::int64_t images, const std::string& origin);

// What is quantised, and the dataset file that leads.
struct QuantiseSource {
  std::filesystem::path network;
  std::string output_name;  // of the network; empty: its first
  std::filesystem::path data;
  std::int64_t images = 0;
};

// overrides: as `--set` gives them; they win. Errors as of check_goal(), share_images() and parse_job().
Job quantise_job(const QuantiseSource& source, const QuantiseGoal& goal, const std::vector<std::string>& overrides);

// "at most 8 levels a layer (3 bits)", "within 2.3 bits a weight, ...".
std::string goal_text(const Job& job);

}  // namespace vbq
