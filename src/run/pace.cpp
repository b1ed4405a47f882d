#include "run/pace.hpp"

#include <algorithm>

namespace vbq {

void Pace::add(const TaskDone& done) {
  WorkerSeconds& own = spent_.at(done.worker);
  (done.made > 0 ? own.making : own.running) += done.seconds;
  (done.made > 0 ? making_ : running_) += done.seconds;
  made_ += done.made;
  images_ += done.images;
}

std::int64_t Pace::run() const { return images_ / std::max<std::int64_t>(1, images_a_network_); }

double Pace::busy(std::size_t worker, double seconds) const {
  const WorkerSeconds& own = spent_.at(worker);
  return seconds > 0 ? std::clamp((own.making + own.running) / seconds, 0.0, 1.0) : 0.0;
}

std::optional<double> Pace::seconds_a_network(double seconds) const {
  if (made_ == 0 || run() == 0 || seconds <= 0) return std::nullopt;
  // Networks are made ahead of being run, so each kind of work is reckoned by itself; waiting, and what a GPU does at
  // once, are in the ratio of the time that went by to that of the tasks.
  const double work = making_ / static_cast<double>(made_) +
                      running_ / (static_cast<double>(images_) / static_cast<double>(images_a_network_));
  return work * seconds / (making_ + running_);
}

}  // namespace vbq
