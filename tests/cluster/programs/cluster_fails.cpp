// A program on several ranks that ends in the way that its argument names; cf. tests/cluster/CMakeLists.txt.
#include <new>
#include <string>

#include "cluster/agree.hpp"
#include "cluster/cluster_evaluator.hpp"
#include "cluster/serve.hpp"
#include "core/check.hpp"
#include "core/log.hpp"
#include "support/problem.hpp"

namespace vbq {
namespace {

// Images that one rank cannot read.
class BrokenSource final : public ImageSource {
 public:
  BrokenSource(std::shared_ptr<const ImageSource> source, bool memory) : source_(std::move(source)), memory_(memory) {}
  const DatasetInfo& info() const override { return source_->info(); }
  std::vector<std::int32_t> labels() const override { return source_->labels(); }
  Images read(std::span<const std::int64_t>) const override {
    if (memory_) fail_internal("no memory is left");
    fail("the disk of {} is gone", info().origin);
  }

 private:
  std::shared_ptr<const ImageSource> source_;
  bool memory_;
};

// The first `layers` layers have weights that are 1e30 times as large.
void enlarge(Network& network, std::size_t layers) {
  const std::vector<int> nodes = weight_layers(network);
  for (std::size_t i = 0; i < layers; ++i) {
    for (float& w : weight_of(network.nodes[static_cast<std::size_t>(nodes[i])])->data) w *= 1e30F;
  }
}

int run(Communicator& world, const std::string& how) {
  Problem problem = agree(world, [&] {
    if (how == "all_set_up" || (how == "one_set_up" && world.rank() == 2)) fail("network net.onnx does not exist");
    return support::small_problem();
  });
  if (how == "not_finite") enlarge(problem.network, 2);
  if (how == "huge_inputs") {
    enlarge(problem.network, 1);
    problem.format.assignment = Assignment::sequential;
  }
  if (how == "worker_input" && world.rank() == 2) {
    problem.held_out_source = std::make_shared<BrokenSource>(problem.held_out_source, false);
  }
  if (how == "worker_internal" && world.rank() == 1) {
    problem.held_out_source = std::make_shared<BrokenSource>(problem.held_out_source, true);
  }
  if (world.rank() != 0) {
    serve(world, problem);
    return 0;
  }
  if (how == "master_early") fail("the checkpoint is of another run");
  const Workforce force = make_evaluator(world, problem);
  force.evaluator->evaluate(support::random_genomes(problem, 3), {});
  if (how == "master_leads") fail("the disk of the checkpoint is full");
  force.evaluator->score(ImageSet::held_out, {});
  if (how != "stopped") return 0;
  log::info("stopped by a signal");
  return 75;
}

}  // namespace
}  // namespace vbq

int main(int argc, char** argv) {
  vbq::Environment mpi;
  const std::string how = argc > 1 ? argv[1] : "";
  return vbq::run_ranks(mpi.world(), [&] { return vbq::run(mpi.world(), how); });
}
