// The threads of a thread block, as contexts that take turns. A context runs threads to their end, one after another,
// until one comes to a barrier: with it the context waits, and another goes on with the next threads. So a kernel
// without barriers is a plain loop.
#include <cuda_runtime.h>
#include <ucontext.h>

#include <algorithm>
#include <csetjmp>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/common_interface_defs.h>
#endif

// Where the section of shared memory begins and ends; from the linker. Weak: a program may have no such section.
extern "C" {
extern unsigned char __start_emulated_shared[] __attribute__((weak));
extern unsigned char __stop_emulated_shared[] __attribute__((weak));
}

namespace emulated {
namespace {

constexpr unsigned kWarp = 32;
constexpr std::size_t kStack = std::size_t{256} << 10;

struct Context {
  ucontext_t registers;
  const void* stack = nullptr;  // lowest address
  std::size_t bytes = 0;
  std::unique_ptr<unsigned char[]> memory;  // the stack, where it is ours
  void* shadow = nullptr;                   // AddressSanitizer's
  std::jmp_buf jump;
  bool entered = false;
};

// AddressSanitizer is told which stack is in use.
void begin_switch([[maybe_unused]] Context& from, [[maybe_unused]] const Context& to) {
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_start_switch_fiber(&from.shadow, to.stack, to.bytes);
#endif
}
void end_switch([[maybe_unused]] void* shadow, [[maybe_unused]] const void** stack,
                [[maybe_unused]] std::size_t* bytes) {
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(shadow, stack, bytes);
#endif
}
void change(Context& from, Context& to) {
#ifndef __SANITIZE_ADDRESS__  // which would forget what it knows of the stack at each jump
  if (std::exchange(to.entered, true)) {
    if (::_setjmp(from.jump) == 0) ::_longjmp(to.jump, 1);  // swapcontext() asks the kernel for the signal mask
    return;
  }
  if (::_setjmp(from.jump) != 0) return;
#endif
  begin_switch(from, to);
  ::swapcontext(&from.registers, &to.registers);
  end_switch(from.shadow, nullptr, nullptr);
}

// Not memset(): AddressSanitizer keeps zones between shared arrays that must not be touched, and they are filled, too.
__attribute__((no_sanitize("address"))) void spoil_shared_memory() {
  for (unsigned char* at = __start_emulated_shared; at != __stop_emulated_shared; ++at) *at = 0xff;
}

class Block {
 public:
  Block() { main_.entered = true; }
  void begin_grid() { first_ = true; }
  void run(const char* kernel, unsigned block, unsigned threads, const Work& thread);
  void meet_block() { wait(State::at_block); }
  std::uint64_t meet_warp(unsigned lanes, std::uint64_t value, unsigned from);

 private:
  enum class State : unsigned char { ready, at_block, at_warp, ended };
  struct Thread {
    State state = State::ready;
    Context* context = nullptr;
    std::uint64_t brought = 0, shown = 0;  // to the others of its warp; shown: at the last meeting
  };

  unsigned in_order(unsigned k) const { return settings().descending ? count_ - 1 - k : k; }
  Context* idle_context();
  static void enter();
  void run_threads();
  void wait(State state);
  bool release();
  std::string stuck() const;

  std::vector<Thread> threads_;
  std::vector<std::unique_ptr<Context>> contexts_;
  std::vector<Context*> idle_;
  Context main_;  // of whoever runs the block
  const Work* work_ = nullptr;
  unsigned count_ = 0, next_ = 0, ended_ = 0, now_ = 0;
  Context* running_ = nullptr;
  bool first_ = true, waited_ = false;  // in the grid; a thread at a barrier, in the block before
};

Block the_block;

Context* Block::idle_context() {
  if (idle_.empty()) {
    auto made = std::make_unique<Context>();
    made->memory = std::make_unique_for_overwrite<unsigned char[]>(kStack);
    made->stack = made->memory.get();
    made->bytes = kStack;
    ::getcontext(&made->registers);
    made->registers.uc_stack.ss_sp = made->memory.get();
    made->registers.uc_stack.ss_size = kStack;
    ::makecontext(&made->registers, &Block::enter, 0);
    made->registers.uc_stack = {};  // AddressSanitizer would forget what it knows of the stack at each switch
    idle_.push_back(made.get());
    contexts_.push_back(std::move(made));
  }
  Context* context = idle_.back();
  idle_.pop_back();
  return context;
}

void Block::enter() {
  end_switch(nullptr, &the_block.main_.stack, &the_block.main_.bytes);
  for (;;) the_block.run_threads();
}

void Block::run_threads() {
  while (next_ < count_) {
    now_ = in_order(next_++);
    threadIdx.x = now_;
    (*work_)();
    threads_[now_].state = State::ended;
    ++ended_;
  }
  idle_.push_back(running_);
  change(*running_, main_);
}

void Block::wait(State state) {
  waited_ = true;
  threads_[now_].state = state;
  threads_[now_].context = running_;
  change(*running_, main_);
}

std::uint64_t Block::meet_warp(unsigned lanes, std::uint64_t value, unsigned from) {
  // No kernel wants a part of a warp, so a mask that leaves lanes out is a mistake.
  threads_[now_].brought = lanes == 0xffffffffU ? value : ~std::uint64_t{0};
  wait(State::at_warp);
  return threads_[now_ / kWarp * kWarp + from].shown;
}

// Lets those go for whom all have come; false where there are none.
bool Block::release() {
  bool any = false;
  const auto is_at = [](State state) { return [state](const Thread& t) { return t.state == state; }; };
  for (unsigned first = 0; first + kWarp <= count_; first += kWarp) {
    const auto begin = threads_.begin() + first, end = begin + kWarp;
    if (!std::all_of(begin, end, is_at(State::at_warp))) continue;
    std::for_each(begin, end, [](Thread& t) {
      t.shown = t.brought;
      t.state = State::ready;
    });
    any = true;
  }
  const auto waiting = std::count_if(threads_.begin(), threads_.end(), is_at(State::at_block));
  if (waiting > 0 && waiting + ended_ == count_) {
    for (Thread& t : threads_) {
      if (t.state == State::at_block) t.state = State::ready;
    }
    any = true;
  }
  return any;
}

std::string Block::stuck() const {
  unsigned block = 0, warp = 0;
  for (const Thread& t : threads_) {
    block += t.state == State::at_block;
    warp += t.state == State::at_warp;
  }
  return std::to_string(block) + " threads wait for their block and " + std::to_string(warp) +
         " for their warp for ever; " + std::to_string(ended_) + " have ended";
}

void Block::run(const char* kernel, unsigned block, unsigned threads, const Work& thread) {
  // Before the first block, and after each that has barriers: no other has a use for shared memory.
  if (std::exchange(first_, false) || std::exchange(waited_, false)) spoil_shared_memory();
  blockIdx.x = block;
  count_ = threads;
  next_ = ended_ = 0;
  work_ = &thread;
  threads_.assign(threads, Thread{});
  while (next_ < count_) {
    running_ = idle_context();
    change(main_, *running_);
  }
  while (ended_ < count_) {
    if (!release()) {
      idle_.clear();
      contexts_.clear();  // with the threads that wait
      throw std::runtime_error(std::string(kernel) + ", block " + std::to_string(block) + ": " + stuck());
    }
    for (unsigned k = 0; k < count_; ++k) {
      Thread& next = threads_[in_order(k)];
      if (next.state != State::ready) continue;
      now_ = threadIdx.x = in_order(k);
      running_ = next.context;
      change(main_, *running_);
    }
  }
}

}  // namespace

void run_grid(const char* kernel, unsigned blocks, unsigned threads, const Work& thread) {
  gridDim.x = blocks;
  blockDim.x = threads;
  the_block.begin_grid();
  for (unsigned k = 0; k < blocks; ++k) {
    the_block.run(kernel, settings().descending ? blocks - 1 - k : k, threads, thread);
  }
}

void meet_block() { the_block.meet_block(); }
std::uint64_t meet_warp(unsigned lanes, std::uint64_t value, unsigned from) {
  return the_block.meet_warp(lanes, value, from);
}

}  // namespace emulated
