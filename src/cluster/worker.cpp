#include "cluster/worker.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cluster/agree.hpp"
#include "cluster/messages.hpp"
#include "cluster/prepare.hpp"
#include "cluster/protocol.hpp"
#include "core/check.hpp"
#include "core/stop.hpp"
#include "evaluate/workbench.hpp"

namespace vbq {
namespace {

using protocol::Op;

// The choices of all genomes, each made by one worker. Of those that a wish to stop came before, none: then a tally is
// not made either.
std::vector<std::optional<Choices>> share_choices(Communicator& world, Workbench& bench,
                                                  std::span<const Genome> genomes) {
  const auto own = static_cast<std::size_t>(world.rank() - 1);
  const std::size_t round = protocol::genomes_in_round(bench.problem(), static_cast<std::size_t>(world.size() - 1));
  std::vector<std::optional<Choices>> all(genomes.size());
  for (std::size_t first = 0; first < genomes.size(); first += round) {
    const std::size_t some = std::min(round, genomes.size() - first);
    const bool makes = own < some && !stop_requested();
    world.gather(makes ? pack(bench.choices(genomes[first + own], false)) : std::string());
    for (std::size_t i = 0; i < some; ++i) {
      std::string archive;
      world.broadcast(archive);
      if (!archive.empty()) all[first + i] = unpack<Choices>(archive);
    }
  }
  return all;
}

std::vector<std::int64_t> work(Communicator& world, Workbench& bench, Op op, std::span<const Genome> genomes) {
  if (op == Op::fingerprints) {
    std::vector<Fingerprint> prints(genomes.size());
    bench.fingerprints(genomes, prints);
    std::vector<std::int64_t> words(prints.size() * std::tuple_size_v<Fingerprint>);
    protocol::put(std::span<const Fingerprint>(prints), words);
    return words;
  }
  if (op == Op::not_finite_search) return {bench.not_finite(ImageSet::search)};
  if (op == Op::not_finite_held_out) return {bench.not_finite(ImageSet::held_out)};
  if (op == Op::choices) {
    world.gather(world.rank() == 1 ? pack(bench.choices(genomes.front(), true)) : std::string());
    return {};
  }
  std::vector<Tally> cells(op == Op::tallies ? genomes.size() : 1);
  if (op == Op::tallies) {
    std::vector<std::optional<Choices>> made;
    if (passes(bench.problem().format)) made = share_choices(world, bench, genomes);
    bench.tallies(genomes, made, cells);
  } else if (op == Op::score_search || op == Op::score_held_out) {
    const ImageSet set = op == Op::score_search ? ImageSet::search : ImageSet::held_out;
    cells[0] = bench.score(set, genomes.empty() ? nullptr : genomes.data());
  } else {
    fail_internal("rank 0 asked for operation {}, which is not known", static_cast<std::int64_t>(op));
  }
  const std::size_t tally_words = cells.size() * protocol::kTallyWords;
  std::vector<std::int64_t> words(tally_words + protocol::kTimeWords);
  protocol::put(std::span<const Tally>(cells), words);
  const EvaluatorTimes times = bench.times();
  words[tally_words] = static_cast<std::int64_t>(times.quantise * 1e9);
  words[tally_words + 1] = static_cast<std::int64_t>(times.inference * 1e9);
  return words;
}

}  // namespace

bool follow(Communicator& world, const Work& work) {
  for (;;) {
    protocol::Command command{};
    world.broadcast(command);
    const Op op{command[0]};
    if (op == Op::stop || op == Op::dismiss) return op == Op::stop;
    std::vector<Genome> genomes;
    if (command[1] != 0) {
      std::string archive;
      world.broadcast(archive);
      genomes = unpack<std::vector<Genome>>(archive);
    }
    std::vector<std::int64_t> words = work(op, genomes);
    world.sum(words);
  }
}

void serve(Communicator& world, Problem problem) {
  problem.engine = prepare(world, problem);
  auto [bench, report] = agree(world, [&] {
    Workbench made(std::move(problem), {world.rank() - 1, world.size() - 1});
    const Problem& mine = made.problem();
    Report said{world.host(), network_hash(mine.network), data_hash(mine), settings_hash(mine), made.info()};
    return std::pair(std::move(made), std::move(said));
  });
  agree_on(world, report);
  bool stopped = false;
  try {
    stopped = follow(
        world, [&, &bench = bench](Op op, std::span<const Genome> genomes) { return work(world, bench, op, genomes); });
  } catch (const Error& error) {
    die(world, error.what(), error.fault());
  } catch (const std::exception& error) {
    die(world, error.what(), Fault::internal);
  }
  if (!stopped) throw Dismissed();
}

}  // namespace vbq
