// TCP sockets as the heartbeat needs them: never waiting for long, never raising SIGPIPE.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace vbq {

// Owns a descriptor.
class Socket {
 public:
  Socket() = default;
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept;
  Socket& operator=(Socket&& other) noexcept;
  ~Socket();

  bool open() const { return descriptor_ >= 0; }
  int descriptor() const { return descriptor_; }
  void close();
  // Ends the connection, while other threads may still hold the descriptor.
  void hang_up() const;

  // Sends all of a few bytes, which fit into the socket's buffer; what does not, or fails, is left to the next receive
  // to find out.
  void send(std::span<const char> bytes) const;
  // What has arrived, at most `most` bytes; ended: closed by the other side, or broken (reason: errno, 0 when closed).
  struct Received {
    std::string bytes;
    bool ended = false;
    int reason = 0;
  };
  Received receive(std::size_t most) const;
  // Waits until `size` bytes are there, and takes them; fewer when it ends or the time is over.
  std::string receive_all(std::size_t size, std::chrono::milliseconds limit) const;

 private:
  int descriptor_ = -1;
};

// A port of the system's choice, on all IPv4 addresses of this host. A socket that is not open when there is none to be
// had.
struct Listener {
  Socket socket;
  std::uint16_t port = 0;
};
Listener listen_anywhere(int peers);
// A connection that has been made already; not open when there is none.
Socket accept_waiting(const Listener& listener);

// This host's IPv4 addresses, without the loopback's.
std::vector<std::string> own_addresses();
// Not open when nobody answers in time.
Socket connect_to(const std::string& address, std::uint16_t port, std::chrono::milliseconds limit);

}  // namespace vbq
