// MPI as vbq uses it: few operations, each checked, and a rank that waits sleeps. No MPI type shows here.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "vbq/error.hpp"

namespace vbq {

class LostRank;
struct Loss;
struct MpiRequest;  // MPI's type

// Bytes from one rank to another.
struct Message {
  int from = 0;
  std::string bytes;
};

// A duplicate of MPI's world; or one rank alone, without MPI. Collectives: every rank calls, rank 0 is the root.
// Open MPI's blocking calls poll at full speed, so all here are non-blocking ones that are tested between short sleeps.
// Error (internal) with MPI's own text when a call fails; LostRank, on rank 0, instead of waiting for a rank that the
// heartbeat has lost (the others are ended by theirs).
//
// Where MPI goes on after a process has failed (ulfm.hpp), rank 0 may go on, too: see go_on_where_mpi_does(). Nothing
// is revoked and nobody shrinks, because messages between those who live go on as they were.
class Communicator {
 public:
  Communicator();  // alone
  Communicator(Communicator&&) noexcept;
  Communicator& operator=(Communicator&&) noexcept;
  ~Communicator();

  int rank() const;
  int size() const;
  int local_rank() const;  // among the ranks of this host
  const std::string& host() const;

  // Rank 0's values everywhere; all ranks pass the same size.
  void broadcast(std::span<std::int64_t> values);
  // Rank 0's bytes everywhere, resized there; the size goes first.
  void broadcast(std::string& bytes);
  // Sums over the ranks of each host, at each of them.
  void sum_on_host(std::span<std::int64_t> values);
  // At rank 0: every rank's bytes, by rank. Elsewhere empty.
  std::vector<std::string> gather(const std::string& mine);

  // To one rank. Returns at once; the bytes leave while this rank sends, polls or receives. Messages from one rank to
  // another arrive in order.
  void send(int to, std::string bytes);
  // The next message from any rank, if one is there.
  std::optional<Message> poll();
  // The same, waiting for it.
  Message receive();
  // Waits until all that was sent has left. Where ranks go on without a lost one (below), that one is given up: nobody
  // waits for it any more.
  void flush();

  // Collective. From here on, where MPI goes on after a process has failed and every rank has a heartbeat, calls of one
  // rank that concern a lost one do nothing, broadcasts of numbers are messages, which do not wait for lost ranks, and
  // once a rank is lost no other collective may be called. LostRank is thrown as before, until rank 0 has given that
  // rank up.
  void go_on_where_mpi_does();
  // The opposite, whatever MPI does: for a program that needs its collectives again. All ranks call it.
  void stay_together();
  bool goes_on() const;
  bool mpi_goes_on() const;
  // On rank 0: whatever is on its way there, or comes from there, does not matter any more.
  void give_up(const Loss& loss);
  // Ends this process where its ranks go on without each other: MPI_Finalize may hang after a failure. Returns where
  // they do not.
  void leave(int exit_code);
  // For tests: as if MPI could go on; as if this process had been killed (but its messages still arrive); rank 0 may
  // send to one that it has given up.
  void assume_mpi_goes_on();
  void fall_silent();
  void take_back(int rank);

  // Rank 0 has told all others to leave, so nobody waits for it any more.
  void set_dismissed() { dismissed_ = true; }
  bool dismissed() const { return dismissed_; }

  // Ends all ranks at once (MPI_Abort), after telling them that the cause was said.
  [[noreturn]] void abort(Fault fault);

 private:
  friend class Environment;
  struct Handle;
  void check(int status, const char* what) const;
  void wait(MpiRequest& request, const char* what) const;
  void sleep_between(long& pause) const;
  // A call's status: whether it is well; false where it concerns a lost rank, without which the others go on.
  bool well(int status, const char* what) const;
  void send(int to, std::string bytes, int tag);
  std::optional<Message> poll(int from, int tag);
  bool all_sent();                  // tests what is on its way
  std::unique_ptr<Handle> handle_;  // null: alone
  std::string host_;
  bool dismissed_ = false;
};

// MPI and the heartbeat from here to the end of the scope (MPI_THREAD_FUNNELED); nothing at all without a launcher.
// When an exception leaves the scope, other ranks may be waiting for this one: then all are ended by MPI_Abort instead
// of MPI_Finalize.
class Environment {
 public:
  Environment();
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment();

  Communicator& world() { return world_; }

 private:
  Communicator world_;
  int exceptions_;
};

// 1 for input, 2 for internal.
int exit_code(Fault fault);

// Says the sentence with rank and host on standard error and ends all ranks: for a failure in the middle of a run,
// where other ranks wait for this one.
[[noreturn]] void die(Communicator& world, const std::string& sentence, Fault fault);
// The same on rank 0 for a rank that is lost; says nothing where that rank did itself.
[[noreturn]] void die(Communicator& world, const LostRank& lost);

}  // namespace vbq
