// How ranks begin and end.
#include <mpi.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <optional>

#include "cluster/communicator.hpp"
#include "cluster/communicator_handle.hpp"
#include "cluster/heartbeat.hpp"
#include "cluster/launcher.hpp"
#include "cluster/start_heartbeat.hpp"
#include "core/check.hpp"
#include "core/last_words.hpp"

namespace vbq {

// Rank 0 is the last, because what it sent may still be on its way.
void Communicator::leave(int exit_code) {
  if (!goes_on()) return;
  if (rank() == 0) {
    // One may hang even now.
    handle_->heartbeat->wait_for_goodbyes(Heartbeat::Pace{}.silence + std::chrono::seconds(5));
    while (const std::optional<Loss> loss = handle_->heartbeat->loss()) give_up(*loss);
  }
  handle_->heartbeat.reset();
  std::fflush(nullptr);
  // A launcher waits for a process that hangs; it is asked to end all, which may not reach one that is stopped.
  if (handle_->lost_a_silent_one) MPI_Abort(handle_->world, exit_code);
  std::_Exit(exit_code);
}

void Communicator::abort(Fault fault) {
  if (handle_ && handle_->heartbeat) handle_->heartbeat->say_ending(fault);
  if (handle_) MPI_Abort(handle_->world, exit_code(fault));
  std::_Exit(exit_code(fault));
}

Environment::Environment() : exceptions_(std::uncaught_exceptions()) {
  if (!launched_by_mpi()) return;
  int provided = 0;
  require(MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided), "MPI_Init_thread");
  if (provided < MPI_THREAD_FUNNELED) {
    fail_internal("this MPI offers thread level {}: at least MPI_THREAD_FUNNELED was expected", provided);
  }
  world_.handle_ = std::make_unique<Communicator::Handle>();
  world_.handle_->heartbeat = start_heartbeat(world_);
}

Environment::~Environment() {
  if (!world_.handle_) return;
  if (std::uncaught_exceptions() > exceptions_) world_.abort(Fault::internal);
  world_.handle_.reset();
  MPI_Finalize();
}

void die(Communicator& world, const LostRank& lost) {
  if (!lost.loss().said) last_words(lost.what(), exit_code(lost.loss().fault));
  world.abort(lost.loss().fault);
}

int exit_code(Fault fault) { return fault == Fault::input ? 1 : 2; }

void die(Communicator& world, const std::string& sentence, Fault fault) {
  const bool alone = world.size() == 1;
  last_words(alone ? sentence : fmt::format("rank {} on {}: {}", world.rank(), world.host(), sentence),
             exit_code(fault));
  world.abort(fault);
}

}  // namespace vbq
