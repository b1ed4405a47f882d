#include "cluster/serve.hpp"

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cluster/agree.hpp"
#include "cluster/messages.hpp"
#include "cluster/prepare.hpp"
#include "core/check.hpp"
#include "evaluate/watch.hpp"

namespace vbq {
namespace {

using protocol::Answer;
using protocol::HandedOver;
using protocol::Op;
using protocol::Order;

// A worker and its orders.
class Service {
 public:
  Service(Communicator& world, Worker& worker) : world_(world), worker_(worker) {}

  // Until rank 0 says stop (true) or dismiss (false).
  bool run() {
    for (;;) {
      if (orders_.empty()) {
        // Nothing else to begin: so one is waited for.
        if (const std::optional<Ran> ran = worker_.finish()) {
          answer(*ran);
          collect();
          continue;
        }
        take(world_.receive());
        continue;
      }
      const Order order = std::move(orders_.front());
      orders_.pop_front();
      if (order.op == Op::stop || order.op == Op::dismiss) {
        world_.flush();
        return order.op == Op::stop;
      }
      obey(order);
      collect();
    }
  }

 private:
  // All that has arrived.
  void collect() {
    while (std::optional<Message> message = world_.poll()) take(*std::move(message));
  }

  void take(const Message& message) {
    if (message.from != 0) {
      auto handed = unpack<HandedOver>(message.bytes);
      worker_.give(handed.number, std::move(handed.network));
      return;
    }
    auto order = unpack<Order>(message.bytes);
    if (order.op == Op::place) orders_.clear();
    if (order.op != Op::hand_over) {
      orders_.push_back(std::move(order));
      return;
    }
    // At once, since another worker waits for it.
    const std::uint64_t number = order.numbers.at(0);
    world_.send(static_cast<int>(order.peer), pack(HandedOver{number, worker_.network(number)}));
  }

  void obey(const Order& order) {
    call_ = order.call;
    switch (order.op) {
      case Op::begin:
        return worker_.begin(order.numbers.at(0));
      case Op::make:
        return make(order);
      case Op::run:
        return run_blocks(order);
      case Op::take_part: {
        std::string archive = order.archive;
        if (archive.empty()) world_.broadcast(archive);
        return worker_.give(order.numbers.at(0), unpack<QuantisedNetwork>(archive));
      }
      case Op::not_finite:
        return answer({Op::not_finite, {}, {}, worker_.not_finite(order.set), {}, {}, 0, {}});
      case Op::adopt:
        return try_to(order, [&] { worker_.adopt(unpack<Format>(order.archive)); });
      case Op::prepare:
        return try_to(order, [&] { worker_.prepare(); });
      case Op::deliver: {
        const auto start = std::chrono::steady_clock::now();
        Answer delivered{Op::deliver, order.numbers, {}, 0, {}, {}, 0, pack(worker_.deliver(order.genomes.at(0)))};
        delivered.seconds = seconds_since(start);
        return answer(std::move(delivered));
      }
      case Op::place:
        while (worker_.finish()) {  // of a call that is begun again: nobody waits for it
        }
        return worker_.move_to(
            {static_cast<std::int64_t>(order.numbers.at(0)), static_cast<std::int64_t>(order.numbers.at(1))});
      default:
        fail_internal("rank 0 ordered operation {}, which is not known", static_cast<std::int64_t>(order.op));
    }
  }

  // A format that cannot be had is rank 0's matter, as it is at the start.
  void try_to(const Order& order, const std::function<void()>& work) {
    Answer tried{order.op, {}, {}, 0, {}, {}, 0, {}};
    try {
      work();
    } catch (const Error& error) {
      tried.failure = pack(Failure{world_.host(), error.what(), error.fault()});
    }
    answer(std::move(tried));
  }

  void make(const Order& order) {
    const auto start = std::chrono::steady_clock::now();
    const std::vector<std::size_t> numbers(order.numbers.begin(), order.numbers.end());
    Answer all{Op::make, order.numbers, {}, 0, {}, {}, 0, {}};
    for (const MadeNetwork& made : worker_.make(numbers, order.genomes)) {
      all.ids.push_back(made.network);
      all.bits.push_back(made.bits);
    }
    all.seconds = seconds_since(start);
    answer(std::move(all));
  }

  void run_blocks(const Order& order) {
    const std::size_t number = order.numbers.at(0);
    while (!worker_.has(number)) {  // on its way from another worker, which may be lost
      take(world_.receive());
      if (!orders_.empty() && orders_.front().op == Op::place) return;
    }
    if (order.detail == Detail::classes) return answer(worker_.classify(number, order.set, order.blocks));
    if (const std::optional<Ran> ran = worker_.start(number, order.set, order.blocks, order.detail)) answer(*ran);
    if (worker_.copies() > 1) return;  // others may run beside it
    if (const std::optional<Ran> ran = worker_.finish()) answer(*ran);
  }

  void answer(const Ran& ran) { answer({Op::run, {ran.network}, {}, 0, ran.blocks, ran.outcome, ran.seconds, {}}); }

  void answer(Answer answer) {
    answer.call = call_;
    world_.send(0, pack(answer));
  }

  Communicator& world_;
  Worker& worker_;
  std::deque<Order> orders_;
  std::uint64_t call_ = 0;  // of the order that was begun last
};

}  // namespace

void serve(Communicator& world, Problem problem, const Worker::MakeEngine& make, const MeasuresKernels& measures) {
  problem.engine = prepare(world, problem);
  const WorkerPlace mine{world.rank() - 1, world.size() - 1};
  std::unique_ptr<Worker> worker;
  const auto make_worker = [&] { worker = std::make_unique<Worker>(std::move(problem), mine, make); };
  const FirstEngine first{measures, [&] {
                            make_worker();
                            return worker->kernels();
                          }};
  Kernels kernels = share_kernels(world, EngineOptions(problem.engine), first);
  agree(world, [&] {
    if (worker) return;
    problem.engine.tune = false;
    problem.engine.kernels = std::move(kernels);
    make_worker();
  });
  const Problem& held = worker->problem();
  agree_on(world, {world.host(), network_hash(held.network), data_hash(held), settings_hash(held), worker->info(),
                   worker->copies()});
  world.go_on_where_mpi_does();
  bool stopped = false;
  try {
    stopped = Service(world, *worker).run();
  } catch (const Error& error) {
    die(world, error.what(), error.fault());
  } catch (const std::exception& error) {
    die(world, error.what(), Fault::internal);
  }
  if (!stopped) throw Dismissed();
}

}  // namespace vbq
