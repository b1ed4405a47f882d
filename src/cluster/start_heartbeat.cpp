#include "cluster/start_heartbeat.hpp"

#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <sstream>
#include <utility>

#include "core/device_call.hpp"
#include "core/last_words.hpp"
#include "core/log.hpp"

namespace vbq {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kTokenSize = 16, kRankSize = 8;  // characters of a greeting

// Where rank 0 listens, as it goes through MPI in one line.
struct Address {
  std::string token;  // keeps out whoever else knocks at the port
  std::uint16_t port = 0;
  std::string host;
  std::vector<std::string> addresses;
};

std::string to_line(const Address& address) {
  std::string line = fmt::format("{} {} {}", address.token, address.port, address.host);
  for (const std::string& one : address.addresses) line += " " + one;
  return line;
}

Address from_line(const std::string& line) {
  std::istringstream words(line);
  Address address;
  words >> address.token >> address.port >> address.host;
  for (std::string one; words >> one;) address.addresses.push_back(one);
  return address;
}

std::string make_token() {
  std::uint64_t number = 0;
  if (::getrandom(&number, sizeof number, 0) != sizeof number) number = static_cast<std::uint64_t>(::getpid());
  return fmt::format("{:016x}", number);
}

// A connection a rank: more than the 1,024 descriptors that a process usually starts with.
void allow_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

Socket connect_to_root(const Communicator& world, const Address& root) {
  std::vector<std::string> addresses = root.addresses;
  if (root.host == world.host()) addresses.insert(addresses.begin(), "127.0.0.1");
  for (const std::string& address : addresses) {
    Socket socket = connect_to(address, root.port, 3s);
    if (!socket.open()) continue;
    socket.send(fmt::format("{}{:08}", root.token, world.rank()));
    return socket;
  }
  return {};
}

// What this process's number is a number in: containers of one host may have each their own.
ino_t own_processes() {
  struct stat status {};
  return ::stat("/proc/self/ns/pid", &status) == 0 ? status.st_ino : 0;
}

// What a rank says to rank 0: whether it has connected, its process and its host.
std::string word_of(const Communicator& world, bool connected) {
  return fmt::format("{}{} {} {}", connected ? '1' : '0', ::getpid(), own_processes(), world.host());
}

// The ranks whose greetings arrive; all those that say they have connected are waited for, a few seconds at most.
std::vector<Heartbeat::Peer> greet(const Listener& listener, const std::string& token,
                                   const std::vector<std::string>& said, const std::string& host) {
  std::vector<Heartbeat::Peer> peers;
  std::vector<bool> known(said.size(), false);
  std::size_t expected = 0;
  for (std::size_t rank = 1; rank < said.size(); ++rank) expected += said[rank].front() == '1' ? 1 : 0;
  const auto end = std::chrono::steady_clock::now() + 10s;
  while (peers.size() < expected && std::chrono::steady_clock::now() < end) {
    Socket socket = accept_waiting(listener);
    if (!socket.open()) {
      ::usleep(1000);
      continue;
    }
    const std::string greeting = socket.receive_all(kTokenSize + kRankSize, 2s);
    if (greeting.size() != kTokenSize + kRankSize || greeting.substr(0, kTokenSize) != token) continue;
    const auto rank = static_cast<std::size_t>(std::strtoul(greeting.c_str() + kTokenSize, nullptr, 10));
    if (rank == 0 || rank >= said.size() || known[rank]) continue;
    known[rank] = true;
    std::istringstream words(said[rank].substr(1));
    Heartbeat::Peer peer{static_cast<int>(rank), {}, std::move(socket)};
    ino_t processes = 0;
    words >> peer.process >> processes >> peer.host;
    if (peer.host != host || processes == 0 || processes != own_processes()) peer.process = 0;
    peers.push_back(std::move(peer));
  }
  return peers;
}

// Null, after a warning, where the system has no thread left for it: no reason not to search.
std::unique_ptr<Heartbeat> start(const Communicator& world, std::vector<Heartbeat::Peer> peers, Heartbeat::Pace pace,
                                 std::function<void(const Loss&)> last_resort,
                                 std::function<bool()> is_well = nullptr) {
  try {
    return std::make_unique<Heartbeat>(std::move(peers), pace, std::move(last_resort), std::move(is_well));
  } catch (const Error& error) {
    log::warning("rank {} on {}: {}; if it hangs, that will not be noticed", world.rank(), world.host(), error.what());
    return nullptr;
  }
}

std::unique_ptr<Heartbeat> start_root(Communicator& world) {
  allow_descriptors();
  const Listener listener = listen_anywhere(world.size());
  const Address address{make_token(), listener.port, world.host(), own_addresses()};
  std::string line = to_line(address);
  world.broadcast(line);
  const std::vector<std::string> said = world.gather(word_of(world, true));
  std::vector<Heartbeat::Peer> peers = greet(listener, address.token, said, world.host());
  std::string heard(said.size(), '0');
  for (const Heartbeat::Peer& peer : peers) heard[static_cast<std::size_t>(peer.rank)] = '1';
  world.broadcast(heard);
  const auto deaf = heard.find('0', 1);
  if (deaf != std::string::npos) {
    log::warning(
        "no heartbeat of rank {} on {} (no TCP connection from there to {}): if it hangs, that will not be noticed",
        deaf, said[deaf].substr(said[deaf].rfind(' ') + 1), world.host());
  }
  if (peers.empty()) return nullptr;
  // Whoever waits for a lost rank ends the run, after a checkpoint. This is for when nobody does.
  return start(world, std::move(peers), Heartbeat::Pace{.patience = 20s}, [](const Loss& loss) {
    if (!loss.said) last_words(loss.sentence, exit_code(loss.fault));
    std::_Exit(exit_code(loss.fault));
  });
}

std::unique_ptr<Heartbeat> start_worker(Communicator& world) {
  std::string line, heard;
  world.broadcast(line);
  const Address root = from_line(line);
  std::vector<Heartbeat::Peer> peers(1);
  peers.front() = {0, root.host, connect_to_root(world, root)};
  world.gather(word_of(world, peers.front().socket.open()));
  world.broadcast(heard);
  if (heard[static_cast<std::size_t>(world.rank())] != '1') return nullptr;
  // Without rank 0 there is nothing left to do. Rank 1 says so, once, and the launcher ends the others meanwhile.
  const Heartbeat::Pace pace{.patience = world.rank() == 1 ? 0s : 5s};
  const auto end = [](const Loss& loss) {
    if (loss.said) ::sleep(5);
    if (!loss.said) last_words(loss.sentence, exit_code(loss.fault));
    std::_Exit(exit_code(loss.fault));
  };
  const auto is_well = [rank = world.rank(), host = world.host(), told = false]() mutable {
    if (!device_hangs()) {
      told = false;
      return true;
    }
    if (!std::exchange(told, true))
      log::error("a call to the device of rank {} on {} does not return: it hangs", rank, host);
    return false;
  };
  return start(world, std::move(peers), pace, end, is_well);
}

}  // namespace

std::unique_ptr<Heartbeat> start_heartbeat(Communicator& world) {
  if (world.size() == 1) return nullptr;
  return world.rank() == 0 ? start_root(world) : start_worker(world);
}

}  // namespace vbq
