#include "evaluate/maker.hpp"

#include <algorithm>
#include <memory>
#include <utility>

#include "assign/compensate.hpp"
#include "assign/refit.hpp"
#include "assign/sequential.hpp"
#include "core/check.hpp"
#include "core/log.hpp"
#include "evaluate/memory.hpp"
#include "evaluate/watch.hpp"

namespace vbq {
namespace {

LevelPrice price_of(const Format& format) { return format.rate == 0.0 ? LevelPrice::none : LevelPrice::rate; }

}  // namespace

Maker::Maker(const Problem& problem, Engine& engine) : problem_(problem), engine_(engine) { prepare(); }

void Maker::forget_format() {
  decoder_.reset();
  assigner_.reset();
}

void Maker::prepare() {
  forget_format();
  const LevelPrice price = price_of(problem_.format);
  if (problem_.calibration != nullptr && (compensator_ == nullptr || price != price_)) {
    compensator_ = make_compensator(problem_.network, engine_, problem_.calibration, price);
    price_ = price;
  }
  if (needs_pass(problem_.format)) pass_of(passes(problem_.format) ? Stage::evaluated : Stage::delivered);
  assigner_.emplace(
      problem_.calibration.get(),
      [this](std::span<const LayerFormat* const> layers) {
        const DeviceCall call(watched_kind(engine_, DeviceCall::Kind::assign));
        return compensator_->assign(layers);
      },
      assignments_remembered(problem_));
  decoder_.emplace(problem_.network, problem_.format);
}

// Whoever makes networks keeps all of these images and does a whole pass over them, so that what is found does not
// depend on the number of ranks.
LayerPass& Maker::pass_of(Stage stage) {
  const Format& format = problem_.format;
  const bool sequential = format.assignment == Assignment::sequential;
  const OpenedFor wanted{sequential, sequential && format.refit > 0, pass_images(problem_, stage)};
  if (pass_ && opened_for_ == wanted) return *pass_;
  pass_.reset();  // before another takes as much
  // Networks that are delivered are few, and hardly begin alike.
  const std::int64_t memory = stage == Stage::evaluated ? memory_to_keep(problem_) : 0;
  Shard images{problem_.search_source->read(spaced_images(problem_, wanted.images)),
               problem_.search_source->info().normalisation, problem_.engine.block, false};
  if (wanted.sequential) {
    const Refit refit = wanted.refit ? Refit::some : Refit::none;
    pass_.emplace(sequential_pass(problem_.network, engine_, std::move(images), refit, memory));
  } else {
    pass_.emplace(problem_.network, engine_, std::move(images), nullptr, memory);
  }
  opened_for_ = wanted;
  return *pass_;
}

std::vector<QuantisedNetwork> Maker::make(std::span<const Genome> genomes, Stage stage) {
  if (!decoder_) fail_internal("networks were to be made in a format that was not taken");
  const Format& format = problem_.format;
  std::vector<NetworkFormat> formats;
  formats.reserve(genomes.size());
  for (const Genome& genome : genomes) formats.push_back((*decoder_)(genome));
  if (format.assignment == Assignment::compensated) {
    (*assigner_)(formats);
    if (format.refit > 0) refit_compensated(problem_.network, engine_, *problem_.calibration, formats);
  }

  const bool matched =
      format.matching == Matching::always || (format.matching == Matching::end && stage == Stage::delivered);
  std::vector<QuantisedNetwork> made;
  made.reserve(genomes.size());
  if (format.assignment != Assignment::sequential) {
    for (NetworkFormat& network : formats) take_nearest(problem_.network, network);
  }
  if (matched || format.assignment == Assignment::sequential) {
    const DeviceCall call(watched_kind(engine_, DeviceCall::Kind::pass));
    LayerPass& pass = pass_of(stage);
    formats = matched ? pass.match(formats) : pass.assign(formats);
    const LayerPass::Reuse& reuse = pass.reuse();
    log::debug("passes: {} networks, {} not from the images; of {} layers, {} known, {} with a known target",
               reuse.networks, reuse.resumed, reuse.layers, reuse.known, reuse.targets);
  }
  for (const NetworkFormat& network : formats) made.emplace_back(network);
  return made;
}

}  // namespace vbq
