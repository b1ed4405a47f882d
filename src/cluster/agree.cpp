#include "cluster/agree.hpp"

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "cluster/heartbeat.hpp"
#include "core/check.hpp"
#include "core/last_words.hpp"
#include "evaluate/problem.hpp"

namespace vbq {
namespace {

// Rank 0's verdict to all: returns on none, throws alike on all.
void announce(Communicator& world, const std::optional<Failure>& verdict) {
  std::string bytes = verdict ? pack(*verdict) : std::string();
  world.broadcast(bytes);
  if (bytes.empty()) return;
  const auto failure = unpack<Failure>(bytes);
  throw AgreedError(failure.sentence, failure.fault);
}

// What differs of a rank, as a sentence without its subject; empty when nothing does. first: rank 0's report, or, for
// the engine, that of the first rank that computes.
std::string difference(const Report& report, const Report& first, const Report* engine_of) {
  const auto files = [&](const char* what, const std::string& mine, const std::string& expected) {
    return fmt::format("has read another {} (hash {}) than rank 0 on {} (hash {}): all ranks must see the same files",
                       what, mine, first.host, expected);
  };
  if (report.network_hash != first.network_hash) return files("network", report.network_hash, first.network_hash);
  if (report.data_hash != first.data_hash) return files("dataset or split", report.data_hash, first.data_hash);
  if (report.settings_hash != first.settings_hash) return files("job", report.settings_hash, first.settings_hash);
  if (!report.engine || engine_of == nullptr) return "";
  const std::string mine = engine_identity(*report.engine), expected = engine_identity(*engine_of->engine);
  if (mine == expected) return "";
  return fmt::format(
      "computes with \"{}\", but \"{}\" was expected, as on {}: results could differ by rank; use machines of one "
      "kind, "
      "or pin all to a common instruction set",
      mine, expected, engine_of->host);
}

}  // namespace

std::optional<Failure> verdict_of(const std::vector<std::string>& archives, const std::vector<int>& ranks) {
  const auto found = std::ranges::find_if(archives, [](const std::string& bytes) { return !bytes.empty(); });
  if (found == archives.end()) return std::nullopt;
  auto verdict = unpack<Failure>(*found);
  const bool same = std::ranges::all_of(archives, [&](const std::string& bytes) {
    return !bytes.empty() && unpack<Failure>(bytes).sentence == verdict.sentence;
  });
  if (!same) {
    const int rank = ranks.at(static_cast<std::size_t>(found - archives.begin()));
    verdict.sentence = fmt::format("rank {} on {}: {}", rank, verdict.host, verdict.sentence);
  }
  return verdict;
}

void agree(Communicator& world, const std::optional<Error>& mine) {
  std::vector<int> ranks(static_cast<std::size_t>(world.size()));
  std::iota(ranks.begin(), ranks.end(), 0);
  const std::string said = mine ? pack(Failure{world.host(), mine->what(), mine->fault()}) : std::string();
  announce(world, verdict_of(world.gather(said), ranks));
}

std::vector<Report> agree_on(Communicator& world, const Report& mine) {
  std::vector<Report> reports;
  for (const std::string& bytes : world.gather(pack(mine))) reports.push_back(unpack<Report>(bytes));
  std::optional<Failure> verdict;
  const Report* engine_of = nullptr;
  for (std::size_t rank = 0; rank < reports.size() && !verdict; ++rank) {
    const Report& report = reports[rank];
    if (engine_of == nullptr && report.engine) engine_of = &report;
    const std::string what = difference(report, reports.front(), engine_of);
    if (!what.empty()) verdict = Failure{report.host, fmt::format("rank {} on {} {}", rank, report.host, what)};
  }
  announce(world, verdict);
  return reports;
}

int run_ranks(Communicator& world, const std::function<int()>& body) {
  std::string sentence;
  Fault fault = Fault::internal;
  try {
    return body();
  } catch (const Dismissed&) {
    return 0;
  } catch (const AgreedError& error) {
    if (world.rank() == 0) last_words(error.what(), exit_code(error.fault()));
    return exit_code(error.fault());
  } catch (const LostRank& lost) {
    die(world, lost);
  } catch (const Error& error) {
    sentence = error.what();
    fault = error.fault();
  } catch (const std::exception& error) {
    sentence = error.what();
  }
  if (world.size() > 1 && !world.dismissed()) die(world, sentence, fault);
  last_words(sentence, exit_code(fault));
  return exit_code(fault);
}

}  // namespace vbq
