// What rank 0 tells the workers, and how results come back. Both sides of it: cluster_evaluator.cpp, worker.cpp.
//
// A command is kCommandSize integers, broadcast; then, where it has genomes, their archive, broadcast; then each worker
// does its part and ONE integer sum brings the results to rank 0. Before tallies whose genomes each need a pass of
// their own (evaluate/problem.hpp: passes()), the workers make the genomes' choices in rounds of one a worker, genome
// by genome: each round's archives are gathered at rank 0 and broadcast.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "evaluate/problem.hpp"
#include "vbq/engine.hpp"
#include "vbq/tally.hpp"

namespace vbq::protocol {

enum class Op : std::int64_t {
  stop = 0,          // the run is over: serve() returns
  dismiss = 1,       // rank 0 has failed: serve() throws Dismissed
  fingerprints = 2,  // results: 2 a genome, each filled by one worker and 0 elsewhere
  tallies = 3,       // results: kTallyWords a genome, then kTimeWords
  score_search = 4,  // results: kTallyWords, then kTimeWords; with no genome: the network as trained
  score_held_out = 5,
  choices = 6,            // one genome; result: the first worker's archive, instead of a sum
  not_finite_search = 7,  // result: a count
  not_finite_held_out = 8,
};

inline constexpr std::size_t kCommandSize = 2;  // Op, number of genomes
using Command = std::array<std::int64_t, kCommandSize>;

inline constexpr std::size_t kTallyWords = sizeof(Tally) / sizeof(std::int64_t);
inline constexpr std::size_t kTimeWords = 2;  // nanoseconds in quantise and in inference, for timing.csv only

// Tallies and times to words and back.
void put(std::span<const Tally> tallies, std::span<std::int64_t> words);
void get(std::span<const std::int64_t> words, std::span<Tally> tallies);
// Genomes whose choices are made at a time: one a worker, but no more than MPI can gather at once (below 2 GiB).
std::size_t genomes_in_round(const Problem& problem, std::size_t workers);
// A fingerprint is two words of 64 bits; as only one worker fills a slot, adding does not carry.
void put(std::span<const Fingerprint> prints, std::span<std::int64_t> words);
void get(std::span<const std::int64_t> words, std::span<Fingerprint> prints);

}  // namespace vbq::protocol
