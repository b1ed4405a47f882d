// How fast a search goes, by what its workers tell: for the screen, and for the time that it will take.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "evaluate/evaluator.hpp"

namespace vbq {

// What a worker did with its time; of tasks that a device does at once each counts.
struct WorkerSeconds {
  double making = 0, running = 0;  // networks
};

class Pace {
 public:
  // images: that a network is run over.
  Pace(std::size_t workers, std::int64_t images) : spent_(workers), images_a_network_(images) {}

  void add(const TaskDone& done);

  std::int64_t made() const { return made_; }      // networks
  std::int64_t run() const;                        // whole networks' worth of images
  std::int64_t images() const { return images_; }  // that were run
  const WorkerSeconds& spent(std::size_t worker) const { return spent_.at(worker); }
  // Share of so many seconds that a worker was busy, 0..1.
  double busy(std::size_t worker, double seconds) const;
  // Seconds that making and running one more network takes with all workers at it, if all so far took `seconds`. None
  // before a network's worth of both was done.
  std::optional<double> seconds_a_network(double seconds) const;

 private:
  std::vector<WorkerSeconds> spent_;  // of each worker
  std::int64_t images_a_network_, made_ = 0, images_ = 0;
  double making_ = 0, running_ = 0;  // seconds, of all workers together
};

}  // namespace vbq
