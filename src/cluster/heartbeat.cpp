#include "cluster/heartbeat.hpp"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <limits>
#include <span>
#include <system_error>

#include "core/check.hpp"
#include "core/device_call.hpp"
#include "core/stop.hpp"

namespace vbq {
namespace {

// The words of a connection, a byte each.
constexpr char kAlive = 'a', kStop = 's', kTimeLimit = 't', kEndingByInput = 'i', kEndingByFault = 'e', kGoodbye = 'g';

constexpr std::chrono::milliseconds kTick{500};  // in which a signal on this rank is passed on
constexpr std::chrono::milliseconds kGlance{2};
constexpr std::uint64_t kWake = std::numeric_limits<std::uint64_t>::max();  // no place in watched_

void listen_for(const Socket& ready, const Socket& socket, std::uint64_t number) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.u64 = number;
  if (::epoll_ctl(ready.descriptor(), EPOLL_CTL_ADD, socket.descriptor(), &event) != 0) {
    throw std::system_error(errno, std::system_category());
  }
}

void stop_listening(const Socket& ready, const Socket& socket) {
  ::epoll_ctl(ready.descriptor(), EPOLL_CTL_DEL, socket.descriptor(), nullptr);
}

}  // namespace

Heartbeat::Heartbeat(std::vector<Peer> peers, Pace pace, std::function<void(const Loss&)> last_resort,
                     std::function<bool()> is_well)
    : pace_(pace),
      last_resort_(std::move(last_resort)),
      is_well_(std::move(is_well)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      ready_(::epoll_create1(EPOLL_CLOEXEC)) {
  for (Peer& peer : peers) watched_.emplace_back(std::move(peer), Clock::now());
  try {
    listen_for(ready_, wake_, kWake);
    for (std::size_t i = 0; i < watched_.size(); ++i) listen_for(ready_, watched_[i].peer.socket, i);
    thread_ = std::thread([this] { run(); });
  } catch (const std::system_error& error) {
    say(kGoodbye);  // else the others would hold this rank for lost
    fail("the heartbeat cannot be started: {}", error.what());
  }
}

Heartbeat::~Heartbeat() {
  const std::uint64_t one = 1;
  const ssize_t written = ::write(wake_.descriptor(), &one, sizeof one);
  static_cast<void>(written);  // an event descriptor takes it
  thread_.join();
  if (says_goodbye_) say(kGoodbye);
}

std::optional<Loss> Heartbeat::loss() const {
  const std::lock_guard lock(mutex_);
  return losses_.empty() ? std::nullopt : std::optional(losses_.front());
}

void Heartbeat::forget(int rank) {
  const std::lock_guard lock(mutex_);
  std::erase_if(losses_, [&](const Loss& loss) { return loss.rank == rank; });
}

void Heartbeat::wait_for_goodbyes(std::chrono::milliseconds limit) const {
  const Clock::time_point end = Clock::now() + limit;
  const auto here = [](const Watched& watched) { return !watched.gone; };
  while (std::ranges::any_of(watched_, here) && Clock::now() < end) std::this_thread::sleep_for(kGlance);
}

void Heartbeat::say_ending(Fault fault) const { say(fault == Fault::input ? kEndingByInput : kEndingByFault); }

void Heartbeat::say(char word) const {
  for (const Watched& watched : watched_) watched.peer.socket.send(std::span(&word, 1));
}

void Heartbeat::run() {
  ticked_ = Clock::now();
  Clock::time_point next = ticked_;
  bool well = true;
  while (well) {
    const auto written = wait(next);
    if (!written) return;
    const Clock::time_point now = Clock::now();
    if (now - ticked_ > pace_.silence / 3) forgive(now);
    for (const std::size_t i : *written) well = well && listen_to(watched_[i], now);
    if (!well || now < next) continue;
    well = beat(now);
    next = now + std::min(kTick, pace_.beat);
  }
  for (const Watched& watched : watched_) stop_listening(ready_, watched.peer.socket);
  const Clock::time_point end = Clock::now() + pace_.patience;
  do {
    if (!wait(end)) return;
  } while (Clock::now() < end);
  last_resort_(*loss());
}

bool Heartbeat::beat(Clock::time_point now) {
  const auto passed = std::min<Clock::duration>(now - ticked_, 2 * kTick);
  advance_device_clock(std::chrono::duration_cast<std::chrono::milliseconds>(passed));
  ticked_ = now;
  if (!told_ && stop_requested()) {
    say(stop_cause() == StopCause::time_limit ? kTimeLimit : kStop);
    told_ = true;
  }
  if (now - beaten_ >= pace_.beat && (!is_well_ || is_well_())) {
    say(kAlive);
    beaten_ = now;
  }
  for (Watched& watched : watched_) {
    if (watched.gone || now - watched.heard < pace_.silence) continue;
    const double seconds = std::chrono::duration<double>(now - watched.heard).count();
    const auto cause =
        fmt::format("no sign of life for {:.3g} s: it hangs, or its host or the network is down", seconds);
    if (!lose(watched, {.sentence = cause, .silent = true})) return false;
  }
  return true;
}

// This process itself was stopped for a while (SIGSTOP, a suspended job): nothing is known of the others.
void Heartbeat::forgive(Clock::time_point now) {
  for (Watched& watched : watched_) watched.heard = now;
}

bool Heartbeat::listen_to(Watched& watched, Clock::time_point now) {
  if (watched.gone) return true;
  const Socket::Received received = watched.peer.socket.receive(256);
  for (const char word : received.bytes) {
    watched.heard = now;
    if (word == kStop) request_stop(StopCause::other_rank);
    if (word == kTimeLimit) request_stop(StopCause::time_limit);  // all ranks' own, which another one has met first
    if (word == kEndingByInput || word == kEndingByFault) {
      const Fault fault = word == kEndingByInput ? Fault::input : Fault::internal;
      return lose(watched, {.sentence = "has ended the run", .said = true, .fault = fault});
    }
    if (word == kGoodbye) {
      watched.gone = true;
      stop_listening(ready_, watched.peer.socket);
      return true;
    }
  }
  if (!received.ended) return true;
  const bool closed = received.reason == 0 || received.reason == ECONNRESET;
  return lose(watched,
              {.sentence = closed ? "its process ended without a word: killed (by a signal, for want of memory) "
                                    "or crashed"
                                  : fmt::format("the connection to it broke: {}", std::strerror(received.reason))});
}

bool Heartbeat::lose(Watched& watched, Loss loss) {
  loss.rank = watched.peer.rank;
  loss.sentence = fmt::format("rank {} on {} is lost: {}", watched.peer.rank, watched.peer.host, loss.sentence);
  const std::lock_guard lock(mutex_);
  const bool goes_on = goes_on_ && !loss.said;
  if (goes_on) {
    stop_listening(ready_, watched.peer.socket);
    watched.peer.socket.send(std::span(&kEndingByFault, 1));
    watched.peer.socket.hang_up();
    if (loss.silent && watched.peer.process > 0) loss.silent = ::kill(watched.peer.process, SIGKILL) != 0;
  }
  losses_.push_back(std::move(loss));
  if (goes_on) watched.gone = true;  // last: who waits for that looks at the losses next
  return goes_on;
}

bool Heartbeat::go_on() {
  const std::lock_guard lock(mutex_);
  goes_on_ = losses_.empty();
  return goes_on_;
}

std::optional<std::vector<std::size_t>> Heartbeat::wait(Clock::time_point until) {
  std::array<epoll_event, 64> events{};
  // Rounded up, so that it does not return just before the time and spin.
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
  const int count = ::epoll_wait(ready_.descriptor(), events.data(), static_cast<int>(events.size()),
                                 static_cast<int>(std::max<std::int64_t>(0, left)));
  std::vector<std::size_t> written;
  for (const epoll_event& event : std::span(events).first(static_cast<std::size_t>(std::max(0, count)))) {
    if (event.data.u64 == kWake) return std::nullopt;
    written.push_back(event.data.u64);
  }
  return written;
}

}  // namespace vbq
