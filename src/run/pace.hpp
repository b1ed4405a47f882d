// How fast a search goes, by what its workers tell: for the screen, and for the time that it will take.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "evaluate/evaluator.hpp"

namespace vbq {

class Pace {
 public:
  // images: that a network is run over.
  Pace(std::size_t workers, std::int64_t images) : busy_(workers), images_a_network_(images) {}

  void add(const TaskDone& done);

  std::int64_t made() const { return made_; }      // networks
  std::int64_t run() const;                        // whole networks' worth of images
  std::int64_t images() const { return images_; }  // that were run
  // Share of so many seconds that a worker was busy, 0..1.
  double busy(std::size_t worker, double seconds) const;
  // Seconds that making and running one more network takes with all workers at it, if all so far took `seconds`. None
  // before a network's worth of both was done.
  std::optional<double> seconds_a_network(double seconds) const;

 private:
  std::vector<double> busy_;  // seconds, of each worker
  std::int64_t images_a_network_, made_ = 0, images_ = 0;
  double making_ = 0, running_ = 0;  // seconds, of all workers together
};

}  // namespace vbq
