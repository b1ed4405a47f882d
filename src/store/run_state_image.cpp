// Layout, all of it arrays of one axis unless stated, [n] their length:
//   attributes of the root: version, generation, evaluations, images (integers), seconds (double)
//   job, network_hash, data_hash, engine: uint8 [bytes]
//   individuals: the population, best first, then a front's archive (archived: integer, their number), then the best
//     ever, then the best of the first generation.
//     fitness: double [P]; individual_bits: int64 [P]; chromosomes_of: uint64 [P + 1], where each individual's
//     chromosomes begin, and their end; genes_of: uint64 [C + 1], where each chromosome's genes begin, and their end;
//     genes: double [G]
//   parameters: double [n]
//   cache_fingerprints: uint64 [2 n]; cache_tallies: int64 [5 n]: seen, top1, top5, loss, divergence; cache_bits: int64
//   [n]
//   raced_genomes, raced_networks: uint64 [2 n]; raced_images: uint64 [n + 1], where each one's harms begin, and their
//     end; raced_harms: int64 [H]
//   history, timing: uint8 [bytes], the lines joined; history_of, timing_of: uint64 [lines + 1], where each begins
#include "store/run_state_image.hpp"

#include <iterator>
#include <limits>
#include <utility>

#include "store/array.hpp"
#include "store/memory_image.hpp"
#include "store/tally_numbers.hpp"

namespace vbq {
namespace {

using namespace hdf5;

constexpr std::int64_t kStateVersion =
    4;  // 1: without cache_bits and the best of the first generation; 2: without fronts; 3: without races

// ---- writing -------------------------------------------------------------------------------------------------------
class Writer {
 public:
  Writer(hid_t file, std::string where) : file_(file), where_(std::move(where)) {}

  template <typename T>
  void array(const char* name, const std::vector<T>& values) {
    write_vector<T>(file_, name, values, where_);
  }
  void text(const char* name, const std::string& value) {
    array(name, std::vector<std::uint8_t>(value.begin(), value.end()));
  }
  template <typename T>
  void number(const char* name, T value) {
    write_number(file_, name, value, where_);
  }
  void lines(const std::string& name, const std::vector<std::string>& values) {
    std::string joined;
    std::vector<std::uint64_t> begin{0};
    for (const std::string& line : values) {
      joined += line;
      begin.push_back(joined.size());
    }
    text(name.c_str(), joined);
    array((name + "_of").c_str(), begin);
  }
  void individuals(const SearchState& search, const Individual& start) {
    std::vector<double> fitness, genes;
    std::vector<std::int64_t> bits;
    std::vector<std::uint64_t> chromosomes_of{0}, genes_of{0};
    const auto add = [&](const Individual& individual) {
      fitness.push_back(individual.fitness);
      bits.push_back(individual.bits);
      for (const Chromosome& chromosome : individual.genome.chromosomes) {
        genes.insert(genes.end(), chromosome.begin(), chromosome.end());
        genes_of.push_back(genes.size());
      }
      chromosomes_of.push_back(genes_of.size() - 1);
    };
    for (const Individual& individual : search.population) add(individual);
    for (const Individual& individual : search.archive) add(individual);
    add(search.best);
    add(start);
    number("archived", std::ssize(search.archive));
    array("fitness", fitness);
    array("individual_bits", bits);
    array("chromosomes_of", chromosomes_of);
    array("genes_of", genes_of);
    array("genes", genes);
  }
  void cache(const std::vector<CachedTally>& entries) {
    std::vector<std::uint64_t> fingerprints;
    std::vector<std::int64_t> tallies, bits;
    for (const CachedTally& entry : entries) {
      fingerprints.insert(fingerprints.end(), entry.network.begin(), entry.network.end());
      append(tallies, entry.tally);
      bits.push_back(entry.bits);
    }
    array("cache_fingerprints", fingerprints);
    array("cache_tallies", tallies);
    array("cache_bits", bits);
  }
  void raced(const std::vector<RacedSurvivor>& survivors) {
    std::vector<std::uint64_t> genomes, networks, images{0};
    std::vector<std::int64_t> harms;
    for (const RacedSurvivor& one : survivors) {
      genomes.insert(genomes.end(), one.genome.begin(), one.genome.end());
      networks.insert(networks.end(), one.network.begin(), one.network.end());
      harms.insert(harms.end(), one.harms.begin(), one.harms.end());
      images.push_back(harms.size());
    }
    array("raced_genomes", genomes);
    array("raced_networks", networks);
    array("raced_images", images);
    array("raced_harms", harms);
  }

 private:
  hid_t file_;
  std::string where_;
};

// ---- reading -------------------------------------------------------------------------------------------------------
class Reader {
 public:
  Reader(const File& file, std::string where) : file_(file), where_(std::move(where)) {}

  template <typename T>
  std::vector<T> array(const char* name) const {
    return read_vector<T>(file_.get(), name, where_);
  }
  std::string text(const char* name) const {
    const std::vector<std::uint8_t> bytes = array<std::uint8_t>(name);
    return {bytes.begin(), bytes.end()};
  }
  std::int64_t count(const char* name, std::int64_t most = std::numeric_limits<std::int64_t>::max()) const {
    const std::int64_t value = read_integer(file_.get(), name, where_);
    if (value < 0 || value > most) fail("{}: {} is {}: 0..{} was expected", where_, name, value, most);
    return value;
  }
  double real(const char* name) const { return read_double(file_.get(), name, where_); }

  // Where parts begin, and the end of the last: ascends from 0 to `end`.
  std::vector<std::uint64_t> offsets(const char* name, std::uint64_t end) const {
    std::vector<std::uint64_t> values = array<std::uint64_t>(name);
    bool good = !values.empty() && values.front() == 0 && values.back() == end;
    for (std::size_t i = 1; good && i < values.size(); ++i) good = values[i - 1] <= values[i];
    if (!good) fail("{}: {} does not ascend from 0 to {}", where_, name, end);
    return values;
  }
  std::vector<std::string> lines(const std::string& name) const {
    const std::string joined = text(name.c_str());
    const std::vector<std::uint64_t> begin = offsets((name + "_of").c_str(), joined.size());
    std::vector<std::string> values;
    for (std::size_t i = 1; i < begin.size(); ++i)
      values.push_back(joined.substr(begin[i - 1], begin[i] - begin[i - 1]));
    return values;
  }
  void individuals(std::int64_t version, SearchState& search, Individual& start) const {
    const auto fitness = array<double>("fitness");
    const auto bits = version < 3 ? std::vector<std::int64_t>(fitness.size()) : array<std::int64_t>("individual_bits");
    const auto genes = array<double>("genes");
    const auto genes_of = offsets("genes_of", genes.size());
    const auto chromosomes_of = offsets("chromosomes_of", genes_of.size() - 1);
    const std::size_t others = version < 2 ? 1 : 2;  // that stand behind the population and the archive
    if (fitness.size() < others || chromosomes_of.size() != fitness.size() + 1 || bits.size() != fitness.size()) {
      fail("{}: {} fitness values and {} sizes were found for {} individuals", where_, fitness.size(), bits.size(),
           chromosomes_of.size() - 1);
    }
    std::vector<Individual> all;
    for (std::size_t i = 0; i < fitness.size(); ++i) {
      Individual individual{{}, fitness[i], bits[i]};
      for (std::uint64_t c = chromosomes_of[i]; c < chromosomes_of[i + 1]; ++c) {
        const double* const first = genes.data();
        individual.genome.chromosomes.emplace_back(first + genes_of[c], first + genes_of[c + 1]);
      }
      all.push_back(std::move(individual));
    }
    if (version >= 2) {
      start = std::move(all.back());
      all.pop_back();
    }
    search.best = std::move(all.back());
    all.pop_back();
    const std::int64_t archived = version < 3 ? 0 : count("archived", std::ssize(all));
    const auto archive = all.end() - archived;
    search.archive.assign(std::make_move_iterator(archive), std::make_move_iterator(all.end()));
    all.erase(archive, all.end());
    search.population = std::move(all);
  }
  std::vector<CachedTally> cache(std::int64_t version) const {
    const auto fingerprints = array<std::uint64_t>("cache_fingerprints");
    const auto tallies = array<std::int64_t>("cache_tallies");
    const std::size_t count = fingerprints.size() / 2;
    if (fingerprints.size() != 2 * count || tallies.size() != kTallyNumbers * count) {
      fail("{}: {} numbers of fingerprints and {} of tallies do not fit together", where_, fingerprints.size(),
           tallies.size());
    }
    const auto bits = version < 2 ? std::vector<std::int64_t>(count) : array<std::int64_t>("cache_bits");
    if (bits.size() != count) fail("{}: {} sizes were found for {} networks", where_, bits.size(), count);
    std::vector<CachedTally> entries(count);
    for (std::size_t i = 0; i < count; ++i) {
      entries[i] = {{fingerprints[2 * i], fingerprints[2 * i + 1]}, tally_at(tallies, i), bits[i]};
    }
    return entries;
  }
  std::vector<RacedSurvivor> raced() const {
    const auto genomes = array<std::uint64_t>("raced_genomes"), networks = array<std::uint64_t>("raced_networks");
    const auto harms = array<std::int64_t>("raced_harms");
    const auto images = offsets("raced_images", harms.size());
    const std::size_t count = images.size() - 1;
    if (genomes.size() != 2 * count || networks.size() != 2 * count) {
      fail("{}: {} numbers of genomes and {} of networks were found for {} raced survivors", where_, genomes.size(),
           networks.size(), count);
    }
    std::vector<RacedSurvivor> survivors;
    for (std::size_t i = 0; i < count; ++i) {
      const std::int64_t* const first = harms.data();
      survivors.push_back({{genomes[2 * i], genomes[2 * i + 1]},
                           {networks[2 * i], networks[2 * i + 1]},
                           {first + images[i], first + images[i + 1]}});
    }
    return survivors;
  }

 private:
  const File& file_;
  std::string where_;
};

}  // namespace

std::string encode_run_state(const RunState& state) {
  const Silence silence;
  const std::string where = "checkpoint";
  MemoryImage image(where);
  Writer out(image.file(), where);
  out.number("version", kStateVersion);
  out.number("generation", static_cast<std::int64_t>(state.search.generation));
  out.number("evaluations", state.evaluations);
  out.number("images", state.images);
  out.number("seconds", state.seconds);
  out.text("job", state.job);
  out.text("network_hash", state.network_hash);
  out.text("data_hash", state.data_hash);
  out.text("engine", state.engine);
  out.individuals(state.search, state.start);
  out.array("parameters", state.search.parameters);
  out.cache(state.cache);
  out.raced(state.raced);
  out.lines("history", state.history);
  out.lines("timing", state.timing);
  return std::string(image.finish());
}

RunState decode_run_state(std::string_view image, const std::string& where) {
  const Silence silence;
  const File file = open_image(image, where);
  if (check(H5Lexists(file.get(), "key", H5P_DEFAULT), "look for an array", where) > 0) {
    fail("{} is what a run keeps for itself (a calibration, sensitivities or kernels): a checkpoint was expected",
         where);
  }
  const Reader in(file, where);
  const std::int64_t version = in.count("version");
  if (version < 1 || version > kStateVersion) {
    fail("{} has format version {}: this vbq reads versions 1 to {}", where, version, kStateVersion);
  }
  RunState state;
  state.search.generation = static_cast<int>(in.count("generation", std::numeric_limits<int>::max()));
  state.evaluations = in.count("evaluations");
  state.images = in.count("images");
  state.seconds = in.real("seconds");
  state.job = in.text("job");
  state.network_hash = in.text("network_hash");
  state.data_hash = in.text("data_hash");
  state.engine = in.text("engine");
  in.individuals(version, state.search, state.start);
  state.search.parameters = in.array<double>("parameters");
  state.cache = in.cache(version);
  if (version >= 4) state.raced = in.raced();
  state.history = in.lines("history");
  state.timing = in.lines("timing");
  return state;
}

}  // namespace vbq
