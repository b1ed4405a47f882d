// nearest NETWORK.onnx DATA.h5 BEST.json: quantises a network to 3 bits without a search, counts, and keeps the format.
#include <cstdlib>
#include <exception>
#include <fstream>
#include <iostream>
#include <memory>
#include <numeric>
#include <vector>

#include "vbq/dataset_file.hpp"
#include "vbq/engine.hpp"
#include "vbq/error.hpp"
#include "vbq/format_file.hpp"
#include "vbq/onnx.hpp"
#include "vbq/quantised_network.hpp"
#include "vbq/seeds.hpp"
#include "vbq/size.hpp"

namespace {

// All images of a dataset, in blocks as an engine takes them.
vbq::Shard whole(const vbq::ImageSource& source, std::int64_t block) {
  std::vector<std::int64_t> indices(static_cast<std::size_t>(source.info().count));
  std::iota(indices.begin(), indices.end(), 0);
  return {source.read(indices), source.info().normalisation, block};
}

void run(const char* network_file, const char* data_file, const char* format_file) {
  const vbq::Network network = vbq::read_onnx(network_file);
  const std::unique_ptr<vbq::ImageSource> source = vbq::open_dataset(data_file);

  // k-means codebooks of eight levels, one a layer; each weight takes the nearest level.
  vbq::Format format;
  format.levels = 8;
  const vbq::Genome genome = vbq::seed_genomes(network, format).front();
  const vbq::QuantisedNetwork quantised = vbq::quantise(network, vbq::Decoder(network, format)(genome));

  vbq::EngineOptions options;
  options.kind = vbq::EngineKind::cpu;
  const std::unique_ptr<vbq::Engine> engine = vbq::make_engine(network, options);
  const vbq::Shard shard = whole(*source, options.block);
  engine->load(shard);
  engine->quantise(quantised.formats());
  const vbq::Tally tally = engine->tally(0, shard.blocks());

  std::ofstream(format_file) << vbq::format_to_json(network, format, {quantised, options.block});
  if (vbq::read_format(format_file, network).network != quantised) throw vbq::Error("the format was not kept");
  std::cout << "{\"images\": " << tally.seen << ", \"top1\": " << tally.top1 << ", \"top5\": " << tally.top5
            << ", \"bits_per_weight\": " << vbq::weight_size(network, quantised).bits_per_weight() << "}\n";
}

}  // namespace

int main(int count, char** arguments) {
  try {
    if (count != 4) throw vbq::Error("three files were expected: a network, a dataset, and one to write");
    run(arguments[1], arguments[2], arguments[3]);
    return EXIT_SUCCESS;
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return EXIT_FAILURE;
  }
}
