// Messages between two ranks, and going on without one that is lost.
#include <mpi.h>

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cluster/communicator.hpp"
#include "cluster/communicator_handle.hpp"
#include "cluster/heartbeat.hpp"
#include "cluster/ulfm.hpp"
#include "core/check.hpp"

namespace vbq {

void Communicator::send(int to, std::string bytes) {
  send(to, std::move(bytes), rank() == 0 || to == 0 ? kMessageTag : kWorkersTag);
}

void Communicator::send(int to, std::string bytes, int tag) {
  if (!handle_ || to < 0 || to >= size() || to == rank()) fail_internal("rank {} sends to rank {}", rank(), to);
  if (handle_->lost[static_cast<std::size_t>(to)]) return;
  const int count = to_count(bytes.size(), "MPI_Isend");
  handle_->leaving.push_back({to, tag, std::move(bytes)});
  Handle::Transfer& leaving = handle_->leaving.back();
  const int status = MPI_Isend(leaving.bytes.data(), count, MPI_BYTE, to, tag, handle_->world, &leaving.request);
  if (!well(status, "MPI_Isend")) handle_->leaving.pop_back();
}

std::optional<Message> Communicator::poll() {
  if (!handle_) return std::nullopt;
  std::optional<Message> message = poll(MPI_ANY_SOURCE, kMessageTag);
  if (!message && rank() != 0) message = poll(MPI_ANY_SOURCE, kWorkersTag);
  return message;
}

// A message that has begun to arrive is gone on with by the next call, so that nobody who waits for another rank leaves
// its buffer behind.
std::optional<Message> Communicator::poll(int from, int tag) {
  all_sent();
  std::list<Handle::Transfer>& all = handle_->arriving;
  for (int turn = 0; turn < kTestsATurn; ++turn) {
    auto arriving = std::ranges::find(all, tag, &Handle::Transfer::tag);
    if (arriving == all.end()) {
      int there = 0, count = 0;
      MPI_Message found = MPI_MESSAGE_NULL;
      MPI_Status status{};
      if (!well(MPI_Improbe(from, tag, handle_->world, &there, &found, &status), "MPI_Improbe")) {
        acknowledge_failures(handle_->world);
        continue;
      }
      if (there == 0) continue;
      check(MPI_Get_count(&status, MPI_BYTE, &count), "MPI_Get_count");
      arriving = all.insert(all.end(), {status.MPI_SOURCE, tag, std::string(static_cast<std::size_t>(count), '\0')});
      const int begun = MPI_Imrecv(arriving->bytes.data(), count, MPI_BYTE, &found, &arriving->request);
      if (!well(begun, "MPI_Imrecv")) {
        all.erase(arriving);
        continue;
      }
    }
    int done = 0;
    const bool lives = well(MPI_Test(&arriving->request, &done, MPI_STATUS_IGNORE), "MPI_Imrecv");
    if (lives && done == 0) continue;
    Message message{arriving->peer, std::move(arriving->bytes)};
    all.erase(arriving);
    if (lives) return message;  // else its sender has died, and the rest never comes
  }
  return std::nullopt;
}

Message Communicator::receive() {
  if (!handle_) fail_internal("a rank alone waits for a message");
  for (long pause = kFirstPause;;) {
    if (std::optional<Message> message = poll()) return *std::move(message);
    sleep_between(pause);
  }
}

bool Communicator::all_sent() {
  for (auto leaving = handle_->leaving.begin(); leaving != handle_->leaving.end();) {
    int gone = 0;
    const bool lives = well(MPI_Test(&leaving->request, &gone, MPI_STATUS_IGNORE), "MPI_Isend");
    leaving = gone != 0 || !lives ? handle_->leaving.erase(leaving) : std::next(leaving);
  }
  return handle_->leaving.empty();
}

void Communicator::flush() {
  if (!handle_) return;
  // Who else is lost, rank 0 alone knows: where ranks go on, the others wait for what is on its way to it.
  const auto awaited = [&](const Handle::Transfer& transfer) {
    return !goes_on() || rank() == 0 || transfer.peer == 0;
  };
  for (long pause = kFirstPause;;) {
    for (int turn = 0; turn < kTestsATurn; ++turn) {
      if (all_sent() || std::ranges::none_of(handle_->leaving, awaited)) return;
    }
    try {
      sleep_between(pause);
    } catch (const LostRank& lost) {
      if (!goes_on() || lost.loss().said) throw;
      give_up(lost.loss());
    }
  }
}

void Communicator::go_on_where_mpi_does() {
  if (!handle_ || !handle_->mpi_goes_on || handle_->stays_together || handle_->goes_on) return;
  // A rank without a heartbeat would not be missed.
  const std::vector<std::string> watched = gather(handle_->heartbeat ? "yes" : "");
  std::int64_t all = std::ranges::count(watched, "yes") == size() ? 1 : 0;
  broadcast(std::span(&all, 1));
  if (all == 0) return;
  handle_->goes_on = true;
  if (rank() == 0 && !handle_->heartbeat->go_on()) throw LostRank(*handle_->heartbeat->loss());
}

void Communicator::stay_together() {
  if (handle_) handle_->stays_together = true;
}

bool Communicator::goes_on() const { return handle_ && handle_->goes_on; }
bool Communicator::mpi_goes_on() const { return handle_ && handle_->mpi_goes_on; }

void Communicator::give_up(const Loss& loss) {
  handle_->lost.at(static_cast<std::size_t>(loss.rank)) = true;
  handle_->lost_a_silent_one = handle_->lost_a_silent_one || loss.silent;
  for (std::list<Handle::Transfer>* all : {&handle_->leaving, &handle_->arriving}) {
    for (auto transfer = all->begin(); transfer != all->end();) {
      const auto next = std::next(transfer);
      if (transfer->peer == loss.rank) handle_->abandoned.splice(handle_->abandoned.end(), *all, transfer);
      transfer = next;
    }
  }
  handle_->heartbeat->forget(loss.rank);
}

void Communicator::assume_mpi_goes_on() { handle_->mpi_goes_on = true; }

void Communicator::take_back(int rank) { handle_->lost.at(static_cast<std::size_t>(rank)) = false; }

void Communicator::fall_silent() {
  handle_->heartbeat->say_no_goodbye();
  handle_->heartbeat.reset();
}

}  // namespace vbq
