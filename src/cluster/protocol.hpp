// What rank 0 tells the workers, and how results come back. Both sides of it: cluster_evaluator.cpp, worker.cpp.
//
// A command is kCommandSize integers, broadcast; then, where it has genomes, their archive, broadcast; then each worker
// does its part and ONE integer sum brings the results to rank 0.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <vector>

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
  matching = 6,  // one genome; results: a word a number, filled by the first worker, 0 elsewhere
};

inline constexpr std::size_t kCommandSize = 2;  // Op, number of genomes
using Command = std::array<std::int64_t, kCommandSize>;

inline constexpr std::size_t kTallyWords = sizeof(Tally) / sizeof(std::int64_t);
inline constexpr std::size_t kTimeWords = 2;  // nanoseconds in quantise and in inference, for timing.csv only

// Tallies and times to words and back.
void put(std::span<const Tally> tallies, std::span<std::int64_t> words);
void get(std::span<const std::int64_t> words, std::span<Tally> tallies);
// Numbers, as their bits.
void put(std::span<const float> numbers, std::span<std::int64_t> words);
void get(std::span<const std::int64_t> words, std::span<float> numbers);
// A fingerprint is two words of 64 bits; as only one worker fills a slot, adding does not carry.
void put(std::span<const Fingerprint> prints, std::span<std::int64_t> words);
void get(std::span<const std::int64_t> words, std::span<Fingerprint> prints);

}  // namespace vbq::protocol
