// The heartbeat without MPI: two ends of a connection in one process.
#include "cluster/heartbeat.hpp"

#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include <array>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace vbq::test {
namespace {

using namespace std::chrono_literals;

std::pair<Socket, Socket> connection() {
  std::array<int, 2> ends{};
  EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
  return {Socket(ends[0]), Socket(ends[1])};
}

// One that watches rank 7 on "node7"; what it says at last.
class Watch {
 public:
  explicit Watch(Socket socket, Heartbeat::Pace pace = {}, std::function<bool()> is_well = nullptr) {
    std::vector<Heartbeat::Peer> peers(1);
    peers.front() = {7, "node7", std::move(socket)};
    heartbeat_.emplace(
        std::move(peers), pace, [this](const Loss& loss) { last_.set_value(loss); }, std::move(is_well));
  }
  // Waits until it gives up.
  Loss last_word() { return last_.get_future().get(); }
  Heartbeat& heartbeat() { return *heartbeat_; }
  void end() { heartbeat_.reset(); }

 private:
  std::promise<Loss> last_;
  std::optional<Heartbeat> heartbeat_;
};

TEST(Heartbeat, AConnectionThatEndsIsALostRank) {
  auto [here, there] = connection();
  Watch watch(std::move(here));
  EXPECT_FALSE(watch.heartbeat().loss().has_value());
  there.close();
  const Loss loss = watch.last_word();
  EXPECT_FALSE(loss.said);
  EXPECT_EQ(loss.sentence,
            "rank 7 on node7 is lost: its process ended without a word: killed (by a signal, for want of memory) or "
            "crashed");
  EXPECT_EQ(watch.heartbeat().loss()->sentence, loss.sentence);
}

TEST(Heartbeat, SilenceIsALostRank) {
  auto [here, there] = connection();
  Watch watch(std::move(here), {.beat = 20ms, .silence = 300ms});
  const Loss loss = watch.last_word();
  EXPECT_NE(loss.sentence.find("rank 7 on node7 is lost: no sign of life for 0."), std::string::npos) << loss.sentence;
  EXPECT_FALSE(there.receive(100).bytes.empty());  // it has beaten itself
}

TEST(Heartbeat, ARankThatIsNotWellIsLostThoughItsProcessLives) {
  auto [here, there] = connection();
  std::atomic<bool> well = true;
  Watch watch(std::move(here), {.beat = 20ms, .silence = 300ms});
  Watch ill(std::move(there), {.beat = 20ms}, [&] { return well.load(); });
  std::this_thread::sleep_for(600ms);
  EXPECT_FALSE(watch.heartbeat().loss().has_value());
  well = false;
  EXPECT_NE(watch.last_word().sentence.find("no sign of life"), std::string::npos);
}

TEST(Heartbeat, ARankThatSaysWhyItEndsIsNotNamedAgain) {
  for (const Fault fault : {Fault::input, Fault::internal}) {
    auto [here, there] = connection();
    Watch watch(std::move(here));
    Watch dying(std::move(there));
    dying.heartbeat().say_ending(fault);
    EXPECT_TRUE(watch.last_word().said);
    EXPECT_EQ(watch.heartbeat().loss()->fault, fault);
  }
}

// Two that are watched, as rank 0 does where the others go on without a lost one.
TEST(Heartbeat, OthersAreWatchedOnWhereALostRankIsNotTheEnd) {
  auto [first_here, first_there] = connection();
  auto [second_here, second_there] = connection();
  std::vector<Heartbeat::Peer> peers(2);
  peers[0] = {7, "node7", std::move(first_here)};
  peers[1] = {8, "node8", std::move(second_here)};
  std::atomic<bool> given_up = false;
  Heartbeat heartbeat(std::move(peers), {.beat = 20ms, .silence = 300ms}, [&](const Loss&) { given_up = true; });
  ASSERT_TRUE(heartbeat.go_on());
  const auto wait_for_loss = [&] {
    while (!heartbeat.loss()) std::this_thread::sleep_for(1ms);
    return *heartbeat.loss();
  };
  first_there.close();
  const Loss first = wait_for_loss();
  EXPECT_EQ(first.rank, 7);
  EXPECT_FALSE(first.silent);
  heartbeat.forget(8);  // which is not lost
  EXPECT_EQ(heartbeat.loss()->rank, 7);
  heartbeat.forget(7);
  EXPECT_FALSE(heartbeat.loss().has_value());
  const Loss second = wait_for_loss();  // of the other, which says nothing
  EXPECT_EQ(second.rank, 8);
  EXPECT_TRUE(second.silent);
  EXPECT_FALSE(given_up);
  // In case it lives, it is told to end, and that its connection does.
  std::string words;
  Socket::Received received;
  for (; !received.ended; words += received.bytes) received = second_there.receive(100);
  EXPECT_EQ(words.back(), 'e');
  const auto start = std::chrono::steady_clock::now();
  heartbeat.wait_for_goodbyes(10s);  // of nobody
  EXPECT_LT(std::chrono::steady_clock::now() - start, 5s);
}

TEST(Heartbeat, ARankThatSaysWhyItEndsIsTheEndOfAll) {
  auto [here, there] = connection();
  Watch watch(std::move(here));
  ASSERT_TRUE(watch.heartbeat().go_on());
  Watch dying(std::move(there));
  dying.heartbeat().say_ending(Fault::input);
  EXPECT_TRUE(watch.last_word().said);
}

TEST(Heartbeat, ItIsTooLateToGoOnOnceARankIsLost) {
  auto [here, there] = connection();
  Watch watch(std::move(here));
  there.close();
  watch.last_word();
  EXPECT_FALSE(watch.heartbeat().go_on());
}

TEST(Heartbeat, GoodbyesAreWaitedFor) {
  auto [here, there] = connection();
  Watch watch(std::move(here));
  auto other = std::make_unique<Watch>(std::move(there));
  watch.heartbeat().wait_for_goodbyes(50ms);
  std::jthread end([&] {
    std::this_thread::sleep_for(100ms);
    other.reset();
  });
  const auto start = std::chrono::steady_clock::now();
  watch.heartbeat().wait_for_goodbyes(60s);
  EXPECT_LT(std::chrono::steady_clock::now() - start, 30s);
  EXPECT_FALSE(watch.heartbeat().loss().has_value());
}

// Processor time of this process while the first of `peers` says `words` bytes, each when the one before has been read.
double cost_of_words(std::size_t peers, int words) {
  std::vector<Heartbeat::Peer> watched(peers);
  std::vector<Socket> others;
  for (Heartbeat::Peer& peer : watched) {
    auto [here, there] = connection();
    peer = {7, "node7", std::move(here)};
    others.push_back(std::move(there));
  }
  Heartbeat heartbeat(std::move(watched), {}, [](const Loss&) {});
  const auto used = [] {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    const auto seconds = [](const timeval& t) {
      return static_cast<double>(t.tv_sec) + 1e-6 * static_cast<double>(t.tv_usec);
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
  };
  const auto say = [&] {
    others.front().send(std::string_view("a"));
    for (int unread = 1; unread > 0; std::this_thread::sleep_for(50us)) {
      if (::ioctl(others.front().descriptor(), TIOCOUTQ, &unread) != 0) break;
    }
  };
  say();  // by now it listens
  const double before = used();
  for (int i = 0; i < words; ++i) say();
  const double cost = used() - before;
  EXPECT_FALSE(heartbeat.loss().has_value());
  return cost;
}

TEST(Heartbeat, PeersThatAreSilentCostNothing) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur < 4200) GTEST_SKIP() << "too few descriptors: " << limit.rlim_cur;
  const double one = cost_of_words(1, 1000), many = cost_of_words(2000, 1000);
  EXPECT_LT(many, 4 * one + 0.02);
}

TEST(Heartbeat, GoodbyeIsNoLoss) {
  auto [here, there] = connection();
  Watch watch(std::move(here), {.beat = 10ms, .silence = 100ms});
  Watch(std::move(there)).end();
  std::this_thread::sleep_for(500ms);  // in which silence, or the end of the connection, would have been noticed
  EXPECT_FALSE(watch.heartbeat().loss().has_value());
}

TEST(Sockets, ListenConnectAndGreet) {
  const Listener listener = listen_anywhere(2);
  ASSERT_TRUE(listener.socket.open());
  const Socket client = connect_to("127.0.0.1", listener.port, 3s);
  ASSERT_TRUE(client.open());
  client.send(std::string_view("hello"));
  Socket server;
  while (!server.open()) server = accept_waiting(listener);
  EXPECT_EQ(server.receive_all(5, 10s), "hello");
  EXPECT_FALSE(connect_to("127.0.0.1", 1, 1s).open());
  EXPECT_FALSE(connect_to("nonsense", 1, 1s).open());
}

}  // namespace
}  // namespace vbq::test
