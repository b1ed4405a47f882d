#include "cluster/communicator.hpp"

#include <mpi.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <exception>
#include <iterator>
#include <limits>
#include <list>
#include <numeric>
#include <string_view>

#include <time.h>

#include "cluster/heartbeat.hpp"
#include "cluster/launcher.hpp"
#include "cluster/start_heartbeat.hpp"
#include "core/check.hpp"
#include "core/last_words.hpp"

namespace vbq {

struct MpiRequest {
  MPI_Request handle = MPI_REQUEST_NULL;
};

namespace {

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

constexpr long kFirstPause = 20'000;  // nanoseconds
constexpr int kTestsATurn = 8;
constexpr int kMessageTag = 1;

void sleep_for(long nanoseconds) {
  const timespec duration{0, nanoseconds};
  ::nanosleep(&duration, nullptr);
}

std::string host_name() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? std::string(name.data()) : std::string("unknown host");
}

}  // namespace

struct Communicator::Handle {
  MPI_Comm world = MPI_COMM_NULL;  // our duplicate
  MPI_Comm node = MPI_COMM_NULL;   // its ranks on this host
  int rank = 0, size = 1, local_rank = 0;
  std::unique_ptr<Heartbeat> heartbeat;
  struct Leaving {
    std::string bytes;
    MPI_Request request = MPI_REQUEST_NULL;
  };
  std::list<Leaving> leaving;  // sent, but maybe not gone yet; an entry must not move

  Handle() {
    require(MPI_Comm_set_errhandler(MPI_COMM_WORLD, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
    require(MPI_Comm_dup(MPI_COMM_WORLD, &world), "MPI_Comm_dup");  // the handler goes with it
    require(MPI_Comm_rank(world, &rank), "MPI_Comm_rank");
    require(MPI_Comm_size(world, &size), "MPI_Comm_size");
    require(MPI_Comm_split_type(world, MPI_COMM_TYPE_SHARED, rank, MPI_INFO_NULL, &node), "MPI_Comm_split_type");
    require(MPI_Comm_set_errhandler(node, MPI_ERRORS_RETURN), "MPI_Comm_set_errhandler");
    require(MPI_Comm_rank(node, &local_rank), "MPI_Comm_rank");
  }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  ~Handle() {  // a handle that cannot be freed is left to MPI_Finalize
    if (node != MPI_COMM_NULL) MPI_Comm_free(&node);
    if (world != MPI_COMM_NULL) MPI_Comm_free(&world);
  }
};

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
    if (const std::optional<Loss> loss = handle_->heartbeat->loss()) throw LostRank(*loss);
    sleep_for(100'000'000);
  }
  require(status, what);
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

void Communicator::send(int to, std::string bytes) {
  if (!handle_ || to < 0 || to >= size() || to == rank()) fail_internal("rank {} sends to rank {}", rank(), to);
  const int count = to_count(bytes.size(), "MPI_Isend");
  Handle::Leaving& leaving = handle_->leaving.emplace_back();
  leaving.bytes = std::move(bytes);
  check(MPI_Isend(leaving.bytes.data(), count, MPI_BYTE, to, kMessageTag, handle_->world, &leaving.request),
        "MPI_Isend");
}

std::optional<Message> Communicator::poll() {
  if (!handle_) return std::nullopt;
  for (auto leaving = handle_->leaving.begin(); leaving != handle_->leaving.end();) {
    int gone = 0;
    check(MPI_Test(&leaving->request, &gone, MPI_STATUS_IGNORE), "MPI_Isend");
    leaving = gone != 0 ? handle_->leaving.erase(leaving) : std::next(leaving);
  }
  for (int turn = 0; turn < kTestsATurn; ++turn) {
    int there = 0;
    MPI_Message found = MPI_MESSAGE_NULL;
    MPI_Status status{};
    check(MPI_Improbe(MPI_ANY_SOURCE, kMessageTag, handle_->world, &there, &found, &status), "MPI_Improbe");
    if (there == 0) continue;
    int count = 0;
    check(MPI_Get_count(&status, MPI_BYTE, &count), "MPI_Get_count");
    Message message{status.MPI_SOURCE, std::string(static_cast<std::size_t>(count), '\0')};
    MpiRequest request;
    check(MPI_Imrecv(message.bytes.data(), count, MPI_BYTE, &found, &request.handle), "MPI_Imrecv");
    wait(request, "MPI_Imrecv");
    return message;
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

void Communicator::flush() {
  if (!handle_) return;
  for (Handle::Leaving& leaving : handle_->leaving) {
    MpiRequest request{leaving.request};
    leaving.request = MPI_REQUEST_NULL;
    wait(request, "MPI_Isend");
  }
  handle_->leaving.clear();
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
