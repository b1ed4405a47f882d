// Start-up in step: either every rank goes on, or every rank leaves with the same sentence.
#pragma once

#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "cluster/communicator.hpp"
#include "cluster/messages.hpp"
#include "vbq/error.hpp"

namespace vbq {

// Thrown on every rank alike, so nobody waits for anybody; rank 0 should print it.
class AgreedError : public Error {
 public:
  using Error::Error;
};

// Collective. Returns when no rank has an error; else AgreedError on all with the sentence and fault of the first rank
// that has one, preceded by "rank R on HOST: " unless every rank says the same.
void agree(Communicator& world, const std::optional<Error>& mine);

// What is to be told of ranks, each with an archive of its Failure, or "" for none: the first one's sentence, preceded
// by "rank R on HOST: " unless every rank says the same.
std::optional<Failure> verdict_of(const std::vector<std::string>& archives, const std::vector<int>& ranks);

// Collective. Runs set_up() on each rank and agrees on how it went; gives what it made.
template <typename F>
std::invoke_result_t<F> agree(Communicator& world, F&& set_up) {
  using Made = std::invoke_result_t<F>;
  std::conditional_t<std::is_void_v<Made>, std::optional<bool>, std::optional<Made>> made;
  std::optional<Error> error;
  try {
    if constexpr (std::is_void_v<Made>) {
      std::forward<F>(set_up)();
    } else {
      made.emplace(std::forward<F>(set_up)());
    }
  } catch (const Error& thrown) {
    error = thrown;
  } catch (const std::exception& thrown) {
    error = Error(thrown.what(), Fault::internal);
  }
  agree(world, error);
  if constexpr (!std::is_void_v<Made>) return *std::move(made);
}

// Collective. Checks that all ranks have the same network, data and settings, and all that compute the same kind of
// engine (kind, instruction set, library, precision); AgreedError on all that names the first rank that differs, its
// host and what differs. Rank 0 gets all reports, by rank; the others none.
std::vector<Report> agree_on(Communicator& world, const Report& mine);

// The other ranks leave too: thrown by serve() when rank 0 gave up in the middle of a run (and says why itself).
class Dismissed : public std::exception {
 public:
  const char* what() const noexcept override { return "rank 0 has ended the run"; }
};

// Runs the body of a program on every rank; gives the process's exit code: the body's own, 0 for one that is dismissed,
// or that of its error, which is printed as one sentence on standard error, once. An error for which others may be
// waiting (not agreed on, and not rank 0's after it sent the others home) ends all ranks.
int run_ranks(Communicator& world, const std::function<int()>& body);

}  // namespace vbq
