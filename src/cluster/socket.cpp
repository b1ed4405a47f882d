#include "cluster/socket.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <utility>

namespace vbq {
namespace {

using Clock = std::chrono::steady_clock;

// Until the descriptor is ready, or the time is over (false).
bool wait_for(int descriptor, short what, Clock::time_point end) {
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    if (left < 0) return false;
    pollfd one{descriptor, what, 0};
    const int ready = ::poll(&one, 1, static_cast<int>(left));
    if (ready > 0) return true;
    if (ready == 0 || errno != EINTR) return false;
  }
}

Socket make_socket() { return Socket(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)); }

}  // namespace

Socket::Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
Socket& Socket::operator=(Socket&& other) noexcept {
  if (this != &other) {
    close();
    descriptor_ = std::exchange(other.descriptor_, -1);
  }
  return *this;
}
Socket::~Socket() { close(); }

void Socket::close() {
  if (descriptor_ >= 0) ::close(std::exchange(descriptor_, -1));
}

void Socket::hang_up() const {
  if (open()) ::shutdown(descriptor_, SHUT_RDWR);
}

void Socket::send(std::span<const char> bytes) const {
  while (open() && ::send(descriptor_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno == EINTR) {
  }
}

Socket::Received Socket::receive(std::size_t most) const {
  Received result;
  result.bytes.resize(most);
  ssize_t size = 0;
  do {
    size = ::recv(descriptor_, result.bytes.data(), most, MSG_DONTWAIT);
  } while (size < 0 && errno == EINTR);
  const bool later = size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
  result.ended = size == 0 || (size < 0 && !later);
  if (size < 0 && !later) result.reason = errno;
  result.bytes.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
  return result;
}

std::string Socket::receive_all(std::size_t size, std::chrono::milliseconds limit) const {
  const auto end = Clock::now() + limit;
  std::string all;
  while (all.size() < size && wait_for(descriptor_, POLLIN, end)) {
    const Received some = receive(size - all.size());
    all += some.bytes;
    if (some.ended) break;
  }
  return all;
}

Listener listen_anywhere(int peers) {
  Listener listener{make_socket(), 0};
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_addr.s_addr = htonl(INADDR_ANY);
  socklen_t size = sizeof place;
  const int descriptor = listener.socket.descriptor();
  if (!listener.socket.open() || ::bind(descriptor, reinterpret_cast<sockaddr*>(&place), size) != 0 ||
      ::listen(descriptor, peers + 8) != 0 ||
      ::getsockname(descriptor, reinterpret_cast<sockaddr*>(&place), &size) != 0) {
    return {};
  }
  listener.port = ntohs(place.sin_port);
  return listener;
}

Socket accept_waiting(const Listener& listener) {
  return Socket(::accept4(listener.socket.descriptor(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
}

std::vector<std::string> own_addresses() {
  ifaddrs* first = nullptr;
  if (::getifaddrs(&first) != 0) return {};
  const std::unique_ptr<ifaddrs, decltype(&::freeifaddrs)> owner(first, &::freeifaddrs);
  std::vector<std::string> addresses;
  for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next) {
    if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != AF_INET) continue;
    if ((one->ifa_flags & IFF_UP) == 0 || (one->ifa_flags & IFF_LOOPBACK) != 0) continue;
    std::array<char, INET_ADDRSTRLEN> text{};
    const auto* address = reinterpret_cast<const sockaddr_in*>(one->ifa_addr);
    if (::inet_ntop(AF_INET, &address->sin_addr, text.data(), text.size()) != nullptr)
      addresses.emplace_back(text.data());
  }
  return addresses;
}

Socket connect_to(const std::string& address, std::uint16_t port, std::chrono::milliseconds limit) {
  Socket socket = make_socket();
  sockaddr_in place{};
  place.sin_family = AF_INET;
  place.sin_port = htons(port);
  if (!socket.open() || ::inet_pton(AF_INET, address.c_str(), &place.sin_addr) != 1) return {};
  if (::connect(socket.descriptor(), reinterpret_cast<sockaddr*>(&place), sizeof place) != 0) {
    if (errno != EINPROGRESS || !wait_for(socket.descriptor(), POLLOUT, Clock::now() + limit)) return {};
    int error = 0;
    socklen_t size = sizeof error;
    if (::getsockopt(socket.descriptor(), SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) return {};
  }
  const int on = 1;  // a byte goes out at once
  ::setsockopt(socket.descriptor(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return socket;
}

}  // namespace vbq
