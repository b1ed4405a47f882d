// What a search looks like in a terminal while it runs. Pure: what is known of the search becomes lines.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "report/text_line.hpp"

namespace vbq {

// A share of images: 705 of 900.
struct ScreenShare {
  std::int64_t count = 0, of = 0;
};

struct ScreenWorker {
  std::string name;  // "worker 3  node7  NVIDIA H100"
  double busy = 0;   // share of the time so far, 0..1
};

// What is not known yet is empty, 0 or none.
struct ScreenState {
  std::string title;                              // "net.onnx: within 2.3 bits a weight"
  std::string phase;                              // what is done that is no generation: "front: 3 of 12 sizes"
  int generation = 0, generations = 0;            // under way, from 1; of so many, 0: as many as fit in
  std::int64_t networks = 0, made = 0, run = 0;   // of this generation: asked for, made, run
  std::string fitness_name;                       // "divergence"
  std::vector<double> best, median;               // of the generations that are done; of a front: hypervolume, nothing
  std::string detail;                             // more of the best: "divergence 0.0024"
  std::string share_name;                         // "top-1"
  ScreenShare share, as_trained;                  // of the best, and of the FP32 network, on the search's images
  std::vector<double> front_bits, front_fitness;  // a network each: bits a weight
  std::int64_t evaluations = 0;                   // networks that were run
  double images_a_second = 0;
  std::string images;  // "900 to search on, 300 to validate at the end, 597 held out"
  std::vector<ScreenWorker> workers;
  double seconds = 0;                          // so far
  std::optional<double> seconds_left;          // at most
  std::optional<double> seconds_without_gain;  // to the end where nothing more is gained
};

struct ScreenSize {
  int columns = 80, rows = 24;
};

// As many lines as there are rows at most, none wider than the columns. What matters most stays where there is little
// room: first the figures, then the workers, then the plots.
std::vector<TextLine> screen_lines(const ScreenState& state, const ScreenSize& size, const TextStyle& style);

}  // namespace vbq
