// What ranks say to each other in an evaluation. Both sides of it: cluster_evaluator.cpp (rank 0) and serve.cpp (the
// workers: rank r is worker r - 1).
//
// Rank 0 sends each worker orders, a few ahead of what it is at, and each is answered; what a worker gets next is the
// Schedule's matter. Networks are numbered through all calls, because one that is handed over may arrive before the
// word that a new call has begun. A genome goes to the worker that makes its network, which keeps it; only where
// another one is to help with that network does it cross, packed, from the one to the other.
//
// Where ranks go on without a lost one (Communicator), rank 0 begins the call again for those who are left, with what
// is not finished; an answer to an order of before is known by its call, and ignored.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "evaluate/detail.hpp"
#include "evaluate/evaluator.hpp"
#include "evaluate/partition.hpp"
#include "vbq/genome.hpp"

namespace vbq::protocol {

enum class Op : std::int64_t {
  stop,        // the run is over: serve() returns
  dismiss,     // rank 0 has failed: serve() throws Dismissed
  begin,       // a new call: networks numbered below this are forgotten. Not answered
  make,        // the genomes' networks under these numbers -> ids, seconds
  run,         // blocks of a set through a network -> outcome, seconds
  hand_over,   // a network to rank `peer`. Answered by that rank's run
  take_part,   // in a broadcast of the network of this number, unless the order brings it. Not answered
  not_finite,  // of the worker's part of a set -> count
  deliver,     // the genome's network as it is delivered -> its archive, under the order's number
  adopt,       // another format, for which there must be memory -> failure, if any
  prepare,     // what depends on that format is made -> failure, if any
  place,       // a rank is lost: all orders before this one are void, and the worker is that of the first number, of as
               // many as the second says. Not answered
};

struct Order {
  Op op = Op::stop;
  std::vector<std::uint64_t> numbers;  // of networks
  std::vector<Genome> genomes;
  ImageSet set = ImageSet::search;
  Range blocks;
  std::int64_t peer = -1;
  std::string archive = {};  // of a format; of a network
  Detail detail = Detail::sum;
  std::uint64_t call = 0;  // that it belongs to
};

struct Answer {
  Op op = Op::stop;
  std::vector<std::uint64_t> numbers;
  std::vector<NetworkId> ids;
  std::int64_t count = 0;  // images that are not finite
  Range blocks = {};       // that were run
  Outcome outcome = {};
  double seconds = 0;
  std::string network;                  // an archive
  std::string failure = {};             // an archive; empty: there was none
  std::vector<std::int64_t> bits = {};  // of the networks that were made, beside their ids
  std::uint64_t call = 0;               // the order's
};

// From worker to worker: the network and the number that it goes by.
struct HandedOver {
  std::uint64_t number = 0;
  QuantisedNetwork network;
};

}  // namespace vbq::protocol
