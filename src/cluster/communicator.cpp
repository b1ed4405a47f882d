#include "cluster/communicator.hpp"

#include <mpi.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <limits>
#include <numeric>
#include <string_view>

#include <time.h>

#include "cluster/communicator_handle.hpp"
#include "cluster/heartbeat.hpp"
#include "cluster/ulfm.hpp"
#include "core/check.hpp"

namespace vbq {

struct MpiRequest {
  MPI_Request handle = MPI_REQUEST_NULL;
};

void require(int status, const char* what) {
  if (status == MPI_SUCCESS) return;
  std::array<char, MPI_MAX_ERROR_STRING> text{};
  int length = 0;
  if (MPI_Error_string(status, text.data(), &length) != MPI_SUCCESS) length = 0;
  fail_internal("{} failed: {}", what, std::string_view(text.data(), static_cast<std::size_t>(length)));
}

int to_count(std::size_t size, const char* what) {
  if (size > static_cast<std::size_t>(std::numeric_limits<int>::max())) {
    fail_internal("{} of {} elements: MPI takes at most {}", what, size, std::numeric_limits<int>::max());
  }
  return static_cast<int>(size);
}

namespace {

void sleep_for(long nanoseconds) {
  const timespec duration{0, nanoseconds};
  ::nanosleep(&duration, nullptr);
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : std::string("unknown host");
}

}  // namespace

Communicator::Handle::Handle() {
  require(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  require(MPI_Comm_dup(MPI_COMM_WORLD, &world), "MPI_Comm_dup");  // the handler goes with it
  require(MPI_Comm_rank(world, &rank), "MPI_Comm_rank");
  require(MPI_Comm_size(world, &size), "MPI_Comm_size");
  require(MPI_Comm_split_type(world, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &node), "MPI_Comm_split_type");
  require(MPI_Comm_set_errhandler(node, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
  require(MPI_Comm_rank(node, &local_rank), "MPI_Comm_rank");
  mpi_goes_on = vbq::mpi_goes_on();
  lost.resize(static_cast<std::size_t>(size));
}

Communicator::Handle::~Handle() {
  if (node != MPI_COMM_NULL) MPI_Comm_free(&node);
  if (world != MPI_COMM_NULL) MPI_Comm_free(&world);
}

Communicator::Communicator() : host_(host_name()) {}
Communicator::Communicator(Communicator&&) noexcept = default;
Communicator& Communicator::operator=(Communicator&&) noexcept = default;
Communicator::~Communicator() = default;

int Communicator::rank() const { return handle_ ? handle_->rank : 0; }
int Communicator::size() const { return handle_ ? handle_->size : 1; }
int Communicator::local_rank() const { return handle_ ? handle_->local_rank : 0; }
const std::string& Communicator::host() const { return host_; }

// A call may fail because a rank is lost: then that is the cause to be named, and the heartbeat knows it in a moment.
void Communicator::check(int status, const char* what) const {
  if (status == MPI_SUCCESS) return;
  for (int turn = 0; turn < 20 && handle_->heartbeat; ++turn) {
    const std::optional<Loss> loss = handle_->heartbeat->loss();
    if (loss && rank() == 0) throw LostRank(*loss);
    if (loss) turn = 0;  // of rank 0: the heartbeat is about to end this process
    sleep_for(100'000'000);
  }
  require(status, what);
}

bool Communicator::well(int status, const char* what) const {
  if (handle_->goes_on && is_process_failure(status)) return false;
  check(status, what);
  return true;
}

// Sleeps for the pause and makes the next one longer, so that a wait sleeps an eighth of the time waited so far at a
// time. LostRank, on rank 0, where a rank is lost.
void Communicator::sleep_between(long& pause) const {
  constexpr long kLast = 2'000'000;  // nanoseconds
  if (rank() == 0 && handle_->heartbeat) {
    if (const std::optional<Loss> loss = handle_->heartbeat->loss()) throw LostRank(*loss);
  }
  sleep_for(pause);
  pause = std::min(kLast, pause + pause / 8);
}

// Several tests a turn, because a test moves a message by one step only, and Open MPI looks at its sockets at one in
// eight.
void Communicator::wait(MpiRequest& request, const char* what) const {
  for (long pause = kFirstPause;;) {
    for (int turn = 0; turn < kTestsATurn; ++turn) {
      int done = 0;
      check(MPI_Test(&request.handle, &done, MPI_STATUS_IGNORE), what);
      if (done != 0) return;
    }
    sleep_between(pause);
  }
}

void Communicator::broadcast(std::span<std::int64_t> values) {
  if (size() == 1) return;
  if (handle_->goes_on) {
    const auto bytes = std::as_writable_bytes(values);
    if (rank() != 0) {
      std::optional<Message> message;
      for (long pause = kFirstPause; !(message = poll(0, kBroadcastTag));) sleep_between(pause);
      if (message->bytes.size() != bytes.size()) fail_internal("rank 0 broadcast {} bytes", message->bytes.size());
      std::memcpy(bytes.data(), message->bytes.data(), bytes.size());
      return;
    }
    for (int to = 1; to < size(); ++to) {
      send(to, std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()), kBroadcastTag);
    }
    return flush();
  }
  MpiRequest request;
  check(
      MPI_Ibcast(values.data(), to_count(values.size(), "MPI_Ibcast"), MPI_INT64_T, 0, handle_->world, &request.handle),
      "MPI_Ibcast");
  wait(request, "MPI_Ibcast");
}

void Communicator::broadcast(std::string& bytes) {
  if (size() == 1) return;
  std::int64_t length = static_cast<std::int64_t>(bytes.size());
  broadcast(std::span(&length, 1));
  bytes.resize(static_cast<std::size_t>(length));
  constexpr std::size_t kPiece = std::size_t{1} << 30;  // MPI counts below 2^31
  for (std::size_t at = 0; at < bytes.size(); at += kPiece) {
    MpiRequest request;
    const int count = to_count(std::min(kPiece, bytes.size() - at), "MPI_Ibcast");
    check(MPI_Ibcast(bytes.data() + at, count, MPI_BYTE, 0, handle_->world, &request.handle), "MPI_Ibcast");
    wait(request, "MPI_Ibcast");
  }
}

void Communicator::sum_on_host(std::span<std::int64_t> values) {
  if (size() == 1) return;
  MpiRequest request;
  check(MPI_Iallreduce(MPI_IN_PLACE, values.data(), to_count(values.size(), "MPI_Iallreduce"), MPI_INT64_T, MPI_SUM,
                       handle_->node, &request.handle),
        "MPI_Iallreduce");
  wait(request, "MPI_Iallreduce");
}

std::vector<std::string> Communicator::gather(const std::string& mine) {
  if (size() == 1) return {mine};
  const auto ranks = static_cast<std::size_t>(size());
  const int length = to_count(mine.size(), "MPI_Igatherv");
  std::vector<int> lengths(ranks), starts(ranks);
  MpiRequest request;
  check(MPI_Igather(&length, 1, MPI_INT, lengths.data(), 1, MPI_INT, 0, handle_->world, &request.handle),
        "MPI_Igather");
  wait(request, "MPI_Igather");
  const auto total = std::accumulate(lengths.begin(), lengths.end(), std::size_t{0});
  to_count(total, "MPI_Igatherv");
  std::exclusive_scan(lengths.begin(), lengths.end(), starts.begin(), 0);
  std::string all(total, '\0');
  check(MPI_Igatherv(mine.data(), length, MPI_BYTE, all.data(), lengths.data(), starts.data(), MPI_BYTE, 0,
                     handle_->world, &request.handle),
        "MPI_Igatherv");
  wait(request, "MPI_Igatherv");
  std::vector<std::string> result;
  if (rank() != 0) return result;
  for (std::size_t r = 0; r < ranks; ++r) {
    result.push_back(all.substr(static_cast<std::size_t>(starts[r]), static_cast<std::size_t>(lengths[r])));
  }
  return result;
}

}  // namespace vbq
