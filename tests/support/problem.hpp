// A whole problem, small enough for the reference engine, and genomes for it.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "core/check.hpp"
#include "evaluate/problem.hpp"
#include "support/networks.hpp"

namespace vbq::support {

// Images in memory that count how often, and how many of them, were read.
class CountingSource final : public ImageSource {
 public:
  CountingSource(Images images, std::int64_t classes, std::string name) : images_(std::move(images)) {
    info_ = {images_.count, images_.channels, images_.height, images_.width, {}, classes, {}, name + "-hash", name};
    info_.normalisation = {std::vector<float>(static_cast<std::size_t>(images_.channels), 0.5F),
                           std::vector<float>(static_cast<std::size_t>(images_.channels), 0.25F)};
  }
  const DatasetInfo& info() const override { return info_; }
  std::vector<std::int32_t> labels() const override { return images_.labels; }
  Images read(std::span<const std::int64_t> indices) const override {
    ++calls;
    read_indices.insert(read_indices.end(), indices.begin(), indices.end());
    if (fails) fail("the disk of {} is gone", info_.origin);
    Images part{static_cast<std::int64_t>(indices.size()), images_.channels, images_.height, images_.width, {}, {}};
    const std::int64_t size = images_.channels * images_.height * images_.width;
    for (const std::int64_t i : indices) {
      part.pixels.insert(part.pixels.end(), images_.pixels.begin() + i * size, images_.pixels.begin() + (i + 1) * size);
      part.labels.push_back(images_.labels.at(static_cast<std::size_t>(i)));
    }
    return part;
  }

  mutable int calls = 0;
  mutable std::vector<std::int64_t> read_indices;
  bool fails = false;

 private:
  Images images_;
  DatasetInfo info_;
};

// Every second of 2 * search images is searched on, `held_out` images of another source are held out.
inline Problem small_problem(std::int64_t search = 22, std::int64_t held_out = 13, std::int64_t block = 4) {
  constexpr std::int64_t channels = 2, size = 5, classes = 6;
  Problem problem;
  problem.network = residual_network(channels, size, 3, classes, 4);
  problem.format.levels = 4;
  problem.format.scope = Scope::layer;
  problem.format.scale = ScaleScope::channel;
  problem.engine.kind = EngineKind::reference;
  problem.engine.threads = 1;
  problem.engine.block = block;
  problem.search_source =
      std::make_shared<CountingSource>(random_images(2 * search, channels, size, classes, 5), classes, "search images");
  for (std::int64_t i = 0; i < search; ++i) problem.split.search.push_back(2 * i + 1);
  if (held_out > 0) {
    problem.held_out_source = std::make_shared<CountingSource>(random_images(held_out, channels, size, classes, 6),
                                                               classes, "held-out images");
  }
  for (std::int64_t i = 0; i < held_out; ++i) problem.split.held_out.push_back(i);
  problem.with_divergence = true;
  problem.population = 7;
  return problem;
}

inline const CountingSource& counting(const std::shared_ptr<const ImageSource>& source) {
  return dynamic_cast<const CountingSource&>(*source);
}

// Sorted normal genes, each genome another.
inline std::vector<Genome> random_genomes(const Problem& problem, int count, std::uint64_t seed = 1) {
  std::vector<Genome> genomes(static_cast<std::size_t>(count));
  for (std::uint32_t g = 0; g < genomes.size(); ++g) {
    Random random(seed, 0, g, Purpose::test);
    genomes[g].chromosomes.resize(static_cast<std::size_t>(chromosome_count(problem.network, problem.format)));
    for (Chromosome& genes : genomes[g].chromosomes) {
      genes.resize(static_cast<std::size_t>(gene_count(problem.format)));
      for (double& gene : genes) gene = random.normal();
      std::sort(genes.begin(), genes.end());
    }
  }
  return genomes;
}

}  // namespace vbq::support
