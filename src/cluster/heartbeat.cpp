#include "cluster/heartbeat.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <span>

#include "core/device_call.hpp"
#include "core/stop.hpp"

namespace vbq {
namespace {

// The words of a connection, a byte each.
constexpr char kAlive = 'a', kStop = 's', kEndingByInput = 'i', kEndingByFault = 'e', kGoodbye = 'g';

constexpr std::chrono::milliseconds kTick{500};  // in which a signal on this rank is passed on

}  // namespace

Heartbeat::Heartbeat(std::vector<Peer> peers, Pace pace, std::function<void(const Loss&)> last_resort,
                     std::function<bool()> is_well)
    : pace_(pace),
      last_resort_(std::move(last_resort)),
      is_well_(std::move(is_well)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  for (Peer& peer : peers) watched_.push_back({std::move(peer), Clock::now()});
  thread_ = std::thread([this] { run(); });
}

Heartbeat::~Heartbeat() {
  const std::uint64_t one = 1;
  const ssize_t written = ::write(wake_.descriptor(), &one, sizeof one);
  static_cast<void>(written);  // an event descriptor takes it
  thread_.join();
  say(kGoodbye);
}

std::optional<Loss> Heartbeat::loss() const {
  const std::lock_guard lock(mutex_);
  return loss_;
}

void Heartbeat::say_ending(Fault fault) const { say(fault == Fault::input ? kEndingByInput : kEndingByFault); }

void Heartbeat::say(char word) const {
  for (const Watched& watched : watched_) watched.peer.socket.send(std::span(&word, 1));
}

void Heartbeat::run() {
  Clock::time_point beaten{}, last = Clock::now();
  bool told = false;
  while (sleep(std::min(kTick, pace_.beat), true)) {
    const Clock::time_point now = Clock::now();
    // This process itself was stopped for a while (SIGSTOP, a suspended job): nothing is known of the others.
    if (now - last > pace_.silence / 3) {
      for (Watched& watched : watched_) watched.heard = now;
    }
    const auto passed = std::min<Clock::duration>(now - last, 2 * kTick);
    advance_device_clock(std::chrono::duration_cast<std::chrono::milliseconds>(passed));
    last = now;
    if (!told && stop_requested()) {
      say(kStop);
      told = true;
    }
    if (now - beaten >= pace_.beat && (!is_well_ || is_well_())) {
      say(kAlive);
      beaten = now;
    }
    if (!watch(now)) break;
  }
  const std::optional<Loss> lost = loss();
  if (!lost) return;
  if (sleep(pace_.patience, false)) last_resort_(*lost);
}

bool Heartbeat::watch(Clock::time_point now) {
  for (Watched& watched : watched_) {
    if (!watched.gone && !listen_to(watched, now)) return false;
  }
  return true;
}

bool Heartbeat::listen_to(Watched& watched, Clock::time_point now) {
  const Socket::Received received = watched.peer.socket.receive(256);
  for (const char word : received.bytes) {
    watched.heard = now;
    if (word == kStop) request_stop(StopCause::other_rank);
    if (word == kEndingByInput || word == kEndingByFault) {
      lose(watched.peer, "has ended the run", word == kEndingByInput ? Fault::input : Fault::internal);
      return false;
    }
    if (word == kGoodbye) {
      watched.gone = true;
      return true;
    }
  }
  if (received.ended) {
    lose(watched.peer, received.reason == 0 || received.reason == ECONNRESET
                           ? "its process ended without a word: killed (by a signal, for want of memory) or crashed"
                           : fmt::format("the connection to it broke: {}", std::strerror(received.reason)));
    return false;
  }
  if (now - watched.heard < pace_.silence) return true;
  lose(watched.peer, fmt::format("no sign of life for {:.3g} s: it hangs, or its host or the network is down",
                                 std::chrono::duration<double>(now - watched.heard).count()));
  return false;
}

void Heartbeat::lose(const Peer& peer, const std::string& cause, std::optional<Fault> said) {
  const std::lock_guard lock(mutex_);
  loss_ = Loss{fmt::format("rank {} on {} is lost: {}", peer.rank, peer.host, cause), said.has_value(),
               said.value_or(Fault::internal)};
}

// Until there is something to read, if listening.
bool Heartbeat::sleep(std::chrono::milliseconds duration, bool listening) {
  std::vector<pollfd> all{{wake_.descriptor(), POLLIN, 0}};
  for (const Watched& watched : watched_) {
    if (listening && !watched.gone) all.push_back({watched.peer.socket.descriptor(), POLLIN, 0});
  }
  ::poll(all.data(), all.size(), static_cast<int>(duration.count()));
  return (all.front().revents & POLLIN) == 0;
}

}  // namespace vbq
