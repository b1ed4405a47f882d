// A wish to stop, and the lock of a folder.
#include "core/stop.hpp"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include "core/lock.hpp"
#include "support/folder.hpp"

namespace vbq {
namespace {

// In a process of its own, as wishes cannot be withdrawn: the exit code of `body`.
template <typename F>
int in_child(F body) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(body());
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST(Stop, SignalsAreWishesAndOnlyASecondInterruptEndsTheProcess) {
  EXPECT_EQ(in_child([] { return stop_requested() ? 1 : 0; }), 0);
  for (const int number : {SIGTERM, SIGUSR1, SIGINT}) {
    const auto twice = [number] {
      catch_stop_signals();
      ::raise(number);
      if (stop_cause() != StopCause::signal) return 1;
      ::raise(number);
      return 0;
    };
    EXPECT_EQ(in_child(twice), number == SIGINT ? -SIGINT : 0) << number;
  }
}

TEST(Stop, TheFirstCauseCounts) {
  EXPECT_EQ(in_child([] {
              request_stop(StopCause::other_rank);
              request_stop(StopCause::signal);
              return static_cast<int>(stop_cause());
            }),
            static_cast<int>(StopCause::other_rank));
}

TEST(Stop, AMomentInThePastIsAWishAndOneInTheFutureIsNot) {
  const auto cause_at = [](int seconds) {
    return in_child([seconds] {
      stop_at(std::chrono::system_clock::now() + std::chrono::seconds(seconds));
      return static_cast<int>(stop_cause());
    });
  };
  EXPECT_EQ(cause_at(-1), static_cast<int>(StopCause::time_limit));
  EXPECT_EQ(cause_at(3600), static_cast<int>(StopCause::none));
}

TEST(FolderLock, IsFreeAgainWhenItsHolderIsGone) {
  const test::Folder folder;
  { const FolderLock lock(folder.path()); }
  const FolderLock lock(folder.path());
  const std::string text = test::error_of([&] { const FolderLock second(folder.path()); });
  EXPECT_NE(text.find("in use by another run (process " + std::to_string(::getpid())), std::string::npos) << text;
}

}  // namespace
}  // namespace vbq
