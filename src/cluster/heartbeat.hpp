// Heartbeat: a rank that is killed, hangs or is cut off is noticed, and a wish to stop on any rank reaches all.
//
// A thread of its own on each rank, beside MPI (which would wait for a lost rank for ever, and which one thread alone
// may call): rank 0 has a TCP connection to every other rank, over which a byte goes each way every few seconds. A
// connection that ends without goodbye, or is silent for long, is a lost rank.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "cluster/socket.hpp"
#include "vbq/error.hpp"

namespace vbq {

// What became of a rank.
struct Loss {
  int rank = 0;
  std::string sentence;  // rank, host and cause as far as known
  bool silent = false;   // its process may still be there
  bool said = false;     // that rank has said itself what ends it
  Fault fault = Fault::internal;
};

// Thrown on rank 0 by whatever would wait for a rank that is lost.
class LostRank : public std::exception {
 public:
  explicit LostRank(Loss loss) : loss_(std::move(loss)) {}
  const char* what() const noexcept override { return loss_.sentence.c_str(); }
  const Loss& loss() const { return loss_; }

 private:
  Loss loss_;
};

class Heartbeat {
 public:
  struct Peer {
    int rank = 0;
    std::string host;
    Socket socket;
    pid_t process = 0;  // where it is one of this host
  };
  struct Pace {
    std::chrono::milliseconds beat{5'000};
    std::chrono::milliseconds silence{30'000};  // that makes a lost rank
    std::chrono::milliseconds patience{0};      // from a loss to the last resort
  };

  // last_resort: called by the heartbeat's thread when a loss is this old and nobody has ended the process yet.
  // is_well: asked before each beat; a rank that is not well does not beat, and so is lost to the others in time.
  Heartbeat(std::vector<Peer> peers, Pace pace, std::function<void(const Loss&)> last_resort,
            std::function<bool()> is_well = nullptr);  // Error, after goodbye, where no thread can be started
  Heartbeat(const Heartbeat&) = delete;
  Heartbeat& operator=(const Heartbeat&) = delete;
  ~Heartbeat();  // says goodbye to the others

  // The first loss that is not forgotten, if any.
  std::optional<Loss> loss() const;
  // From now on a rank that is lost without having said why is no reason to give up: the others are watched on, and it
  // is told to end, in case it lives; killed, where it is silent on this host (its connection would end with it, so it
  // is there), for a launcher would wait for it for ever. False where one is lost already: then it is too late.
  [[nodiscard]] bool go_on();
  void forget(int rank);
  // Waits until all that are not lost have said goodbye, so long at most.
  void wait_for_goodbyes(std::chrono::milliseconds limit) const;
  // For tests: its end shall be without goodbye, as that of a process that is killed.
  void say_no_goodbye() { says_goodbye_ = false; }
  // Tells the others that this rank is about to end and has said why, and whose mistake it was: whoever is heard first
  // by mpirun, the exit code is the same.
  void say_ending(Fault fault) const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Watched {
    Peer peer;
    Clock::time_point heard;         // last sign of life
    std::atomic<bool> gone = false;  // said goodbye, or is lost; the socket stays, as another thread may be sending

    Watched(Peer watched, Clock::time_point now) : peer(std::move(watched)), heard(now) {}
  };

  void run();
  // These three: false where a lost rank is the end.
  bool beat(Clock::time_point now);  // what is due every tick
  bool listen_to(Watched& watched, Clock::time_point now);
  bool lose(Watched& watched, Loss loss);
  void forgive(Clock::time_point now);  // as if all had been heard just now
  void say(char word) const;
  // Until somebody has written, it is `until`, or the end has come (nothing). Those who have written, as places in
  // watched_: who is silent costs nothing.
  std::optional<std::vector<std::size_t>> wait(Clock::time_point until);

  std::deque<Watched> watched_;
  Pace pace_;
  std::function<void(const Loss&)> last_resort_;
  std::function<bool()> is_well_;
  Socket wake_;   // an event descriptor
  Socket ready_;  // an epoll descriptor of wake_ and of all peers that have not said goodbye
  Clock::time_point beaten_{}, ticked_;
  bool told_ = false;  // the others, of a wish to stop
  std::atomic<bool> says_goodbye_ = true;
  mutable std::mutex mutex_;
  bool goes_on_ = false;
  std::vector<Loss> losses_;
  std::thread thread_;
};

}  // namespace vbq
