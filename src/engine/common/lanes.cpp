#include "engine/common/lanes.hpp"

#include <algorithm>
#include <system_error>
#include <utility>

#include "core/check.hpp"

namespace vbq {

Lanes::Lanes(int count, std::function<void()> begin) : begin_(std::move(begin)) {
  threads_.reserve(static_cast<std::size_t>(count));
  try {
    for (int lane = 0; lane < count; ++lane) threads_.emplace_back([this, lane] { serve(lane); });
  } catch (const std::system_error& error) {
    const std::size_t started = threads_.size();
    end();  // a thread that nobody has joined would end the process
    fail("thread {} of {} cannot be started ({}): ask for fewer (--threads), or for less on this machine", started + 1,
         count, error.code().message());
  }
}

Lanes::~Lanes() { end(); }

void Lanes::end() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  for (std::thread& t : threads_) t.join();
  threads_.clear();
}

void Lanes::run(std::int64_t items, const Work& work) { start(items, false, work); }
void Lanes::each(const Work& work) { start(count(), true, work); }

void Lanes::start(std::int64_t items, bool own, const Work& work) {
  if (items <= 0) return;
  std::unique_lock lock(mutex_);
  work_ = &work;
  items_ = items;
  own_ = own;
  next_ = 0;
  busy_ = count();
  error_ = nullptr;
  ++round_;
  wake_.notify_all();
  done_.wait(lock, [this] { return busy_ == 0; });
  work_ = nullptr;
  if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
}

void Lanes::serve(int lane) {
  if (begin_) begin_();
  std::uint64_t seen = 0;
  std::unique_lock lock(mutex_);
  while (true) {
    wake_.wait(lock, [&] { return stop_ || round_ != seen; });
    if (stop_) return;
    seen = round_;
    for (bool first = true; own_ ? first : next_ < items_; first = false) {
      const std::int64_t item = own_ ? lane : next_++;
      lock.unlock();
      std::exception_ptr error;
      try {
        (*work_)(lane, item);
      } catch (...) {
        error = std::current_exception();
      }
      lock.lock();
      if (error) {
        if (!error_) error_ = error;
        next_ = items_;
      }
    }
    if (--busy_ == 0) done_.notify_one();
  }
}

}  // namespace vbq
