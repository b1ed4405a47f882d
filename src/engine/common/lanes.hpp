// Worker threads that take items of work; a lane that has none sleeps.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace vbq {

class Lanes {
 public:
  // lane: 0..count-1, always on the same thread.
  using Work = std::function<void(int lane, std::int64_t item)>;

  // begin: what each thread does first. Error (bad input: the environment's) where the system does not give as many
  // threads.
  explicit Lanes(int count, std::function<void()> begin = {});
  ~Lanes();
  Lanes(const Lanes&) = delete;
  Lanes& operator=(const Lanes&) = delete;

  int count() const { return static_cast<int>(threads_.size()); }
  // work(lane, item) for each item 0..items-1, in any order, on any lane; returns when all are done. The first
  // exception stops the rest and is thrown again here.
  void run(std::int64_t items, const Work& work);
  // work(lane, lane) once on each lane.
  void each(const Work& work);

 private:
  void serve(int lane);
  void end();  // all threads that there are
  void start(std::int64_t items, bool own, const Work& work);

  std::mutex mutex_;
  std::condition_variable wake_, done_;
  const Work* work_ = nullptr;
  std::uint64_t round_ = 0;  // of calls to run() or each()
  std::int64_t next_ = 0, items_ = 0;
  bool own_ = false;  // each lane takes the item of its own number
  int busy_ = 0;      // lanes that have not finished this round
  bool stop_ = false;
  std::exception_ptr error_;
  std::function<void()> begin_;
  std::vector<std::thread> threads_;
};

}  // namespace vbq
