"""The rival of vbq's searches: codebooks of a CNN's layers by a genetic algorithm of DEAP over PyTorch, as a good practitioner writes it.

    deap_search.py NETWORK.onnx SEARCH.h5 HELD_OUT.h5 [--bits 3] [--compensated] [--fitness divergence|top1] [--population 50]
                   [--generations 50] [--limit SECONDS] [--target CORRECT] [--threads T] [--batch 100] [--seed 1]

An individual is 2^bits float levels a layer. The first is k-means of each layer's weights (Lloyd's steps); others scatter around it, by a
share of the gap to the neighbouring level. Tournaments of three, blend crossover of whole layers' or single levels' values, Gaussian
mutation, elitism by a hall of fame, equal genomes scored once. Weights take the nearest level (torch.bucketize); with --compensated their
rounding error is made up for by the columns that follow (GPTQ in NumPy: Cholesky factor of the inverse Hessian, all output channels at
once, lazy blocks, columns by descending diagonal). Weights are set in place, batch norms stay folded, tensors are channels last.

Prints a JSON object a line: {"event": "network"}, then "generation" after each (0: k-means alone, before the first), then "end".
"seconds" is since --began (time.monotonic() of whoever started this; else since this began) without what scoring on the held-out images
took: that is done after each generation whose best is new, leads nothing, and ends the search when --target is reached. HELD_OUT.h5's first
scoring, in FP32, is told beside."""
import time

BEGAN = time.monotonic()  # before the imports: they are part of the job

import argparse
import json
import random
import sys

import deap.base
import deap.creator
import deap.tools
import h5py
import numpy
import torch

import deap_network

LLOYD_STEPS = 30
DAMPING = 0.01  # of the Hessian's mean diagonal, as in GPTQ
BLOCK = 64  # columns whose errors reach the later ones in one product
SCATTER, MUTATION = 0.3, 0.15  # standard deviations, in gaps between neighbouring levels
CROSSOVER_RATE, MUTATION_RATE, GENE_RATE = 0.6, 0.5, 0.1


def images_of(path):
    """Normalised images, channels last, and labels of a dataset file of vbq."""
    with h5py.File(path) as file:
        pixels, labels = file["pixels"], torch.from_numpy(file["labels"][:]).long()
        mean, std = (torch.from_numpy(numpy.asarray(pixels.attrs[name], dtype=numpy.float32)).view(1, -1, 1, 1) for name in ("mean", "std"))
        images = (torch.from_numpy(pixels[:]).float() / 255 - mean) / std
    return images.contiguous(memory_format=torch.channels_last), labels


def k_means(weights, count):
    """Levels by Lloyd's steps from quantiles."""
    levels = numpy.quantile(weights, (numpy.arange(count) + 0.5) / count)
    for _ in range(LLOYD_STEPS):
        nearest = numpy.searchsorted((levels[1:] + levels[:-1]) / 2, weights)
        sizes = numpy.bincount(nearest, minlength=count)
        levels = numpy.where(sizes > 0, numpy.bincount(nearest, weights, minlength=count) / numpy.maximum(sizes, 1), levels)
    return numpy.sort(levels)


class Nearest:
    """Gives a layer's weights the levels that they are nearest to."""

    def __call__(self, layer, levels):
        levels = torch.from_numpy(levels)
        return levels[torch.bucketize(layer.trained, (levels[1:] + levels[:-1]) / 2)]


class Compensated:
    """GPTQ's loop. Hessians are of the FP32 network's inputs, collected once."""

    def __init__(self, net, images, batch):
        sums = {layer: 0 for layer in net.layers}

        def see(layer, x):
            columns = layer.columns(x)
            sums[layer] = sums[layer] + columns.T @ columns

        for start in range(0, len(images), batch):
            net(images[start : start + batch], see)
        self.parts = {}
        for layer, total in sums.items():
            hessian = total.double().numpy()
            order = numpy.argsort(-hessian.diagonal(), kind="stable")
            hessian = hessian[order][:, order]
            hessian[numpy.diag_indices_from(hessian)] += DAMPING * hessian.diagonal().mean()
            upper = numpy.linalg.cholesky(numpy.linalg.inv(hessian)).T
            rows = upper / upper.diagonal()[:, None]
            trained = numpy.ascontiguousarray(layer.trained.numpy()[:, order].T)
            self.parts[layer] = (order, rows.astype(numpy.float32), trained)

    def __call__(self, layer, levels):
        order, rows, trained = self.parts[layer]
        middles = (levels[1:] + levels[:-1]) / 2
        left = trained.copy()  # [columns, outputs]: a column's weights lie together
        taken = numpy.empty_like(left)
        for start in range(0, len(left), BLOCK):
            end = min(start + BLOCK, len(left))
            for i in range(start, end):
                taken[i] = levels[numpy.searchsorted(middles, left[i])]
                left[i] -= taken[i]  # the error from here on
                left[i + 1 : end] -= rows[i, i + 1 : end, None] * left[i]
            left[end:] -= rows[start:end, end:].T @ left[start:end]
        value = numpy.empty_like(taken)
        value[order] = taken
        return torch.from_numpy(value.T.copy())


class Job:
    """Scores genomes, and counts what that takes."""

    def __init__(self, options):
        self.options, self.began, self.outside = options, options.began or BEGAN, 0.0
        self.making = self.inference = 0.0
        self.scored = {}
        self.net = deap_network.Network(options.network)
        self.images, self.labels = images_of(options.search)
        self.trained_logs = torch.log_softmax(self.outputs(self.images), 1)
        self.assign = Nearest()
        if options.compensated:
            self.assign = Compensated(self.net, self.images[: options.hessian_images], options.batch)

    def seconds(self):
        return time.monotonic() - self.began - self.outside

    def outputs(self, images):
        return torch.cat([self.net(part) for part in images.split(self.options.batch)])

    def set(self, genome):
        for layer, levels in zip(self.net.layers, numpy.asarray(genome, dtype=numpy.float32).reshape(len(self.net.layers), -1)):
            layer.set(self.assign(layer, numpy.sort(levels)))

    def fitness(self, genome):
        key = numpy.asarray(genome, dtype=numpy.float32).tobytes()
        if key not in self.scored:
            before = time.monotonic()
            self.set(genome)
            made = time.monotonic()
            outputs = self.outputs(self.images)
            if self.options.fitness == "top1":
                value = (outputs.argmax(1) == self.labels).float().mean().item()
            else:
                p = self.trained_logs  # log probabilities of the network as trained
                value = -(p.exp() * (p - torch.log_softmax(outputs, 1))).sum(1).mean().item()
            self.making += made - before
            self.inference += time.monotonic() - made
            self.scored[key] = value if value == value else -float("inf")
        return (self.scored[key],)

    def held_out(self, genome=None):
        """How many of the held-out images are right, and what that took, which the job's clock leaves out."""
        before = time.monotonic()
        if not hasattr(self, "unseen"):
            self.unseen = images_of(self.options.held_out)
        if genome is not None:
            self.set(genome)
        scoring = time.monotonic()
        right = int((self.outputs(self.unseen[0]).argmax(1) == self.unseen[1]).sum())
        taken = time.monotonic() - scoring
        self.outside += time.monotonic() - before
        return right, taken


def gaps(levels):
    """Of each level the gap to its nearer neighbour, at least a thousandth of the layer's range."""
    steps = numpy.diff(levels, axis=1)
    ends = numpy.concatenate([steps[:, :1], numpy.minimum(steps[:, 1:], steps[:, :-1]), steps[:, -1:]], axis=1)
    return numpy.maximum(ends, 1e-3 * (levels[:, -1:] - levels[:, :1]))


def evolve(job, tell):
    """The genetic algorithm; tell(generation, best) after each generation says whether it shall end."""
    options = job.options
    random.seed(options.seed)
    count = 2**options.bits
    start = numpy.stack([k_means(layer.trained.numpy().ravel(), count) for layer in job.net.layers])
    gap = gaps(start).ravel()
    deap.creator.create("Fitness", deap.base.Fitness, weights=(1.0,))
    deap.creator.create("Individual", list, fitness=deap.creator.Fitness)
    tools = deap.tools

    def in_order(individual):
        individual[:] = numpy.sort(numpy.asarray(individual).reshape(start.shape), axis=1).ravel().tolist()
        return individual

    def individual(scatter):
        return in_order(deap.creator.Individual(random.gauss(level, scatter * width) for level, width in zip(start.ravel().tolist(), gap.tolist())))

    def mate(one, two):
        if random.random() < 0.5:
            return tools.cxBlend(one, two, 0.3)
        for first in range(0, len(one), count):  # uniform, whole layers: levels of a codebook belong together
            if random.random() < 0.5:
                one[first : first + count], two[first : first + count] = two[first : first + count], one[first : first + count]
        return one, two

    toolbox = deap.base.Toolbox()
    toolbox.register("mate", mate)
    toolbox.register("mutate", tools.mutGaussian, mu=0.0, sigma=(MUTATION * gap).tolist(), indpb=GENE_RATE)
    toolbox.register("select", tools.selTournament, tournsize=3)
    toolbox.register("evaluate", job.fitness)
    population = [individual(SCATTER * number / max(options.population - 1, 1)) for number in range(options.population)]
    fame = tools.HallOfFame(1)
    population[0].fitness.values = toolbox.evaluate(population[0])  # number 0 is k-means, not scattered
    fame.update(population[:1])
    if tell(0, fame[0]):
        return
    for generation in range(1, options.generations + 1):
        if generation > 1:
            population = [toolbox.clone(one) for one in toolbox.select(population, options.population - 1)]
            for one, two in zip(population[::2], population[1::2]):
                if random.random() < CROSSOVER_RATE:
                    toolbox.mate(one, two)
                    del one.fitness.values, two.fitness.values
            for one in population:
                if random.random() < MUTATION_RATE:
                    toolbox.mutate(one)
                    del one.fitness.values
            population = [in_order(one) for one in population] + [toolbox.clone(fame[0])]
        for one in population:
            if not one.fitness.valid:
                one.fitness.values = toolbox.evaluate(one)
            if options.limit and job.seconds() > options.limit and any(other.fitness.valid for other in population):
                break  # what has been scored until now counts
        fame.update([one for one in population if one.fitness.valid])
        if tell(generation, fame[0]):
            return
        population = [one for one in population if one.fitness.valid]


def said(event, **what):
    print(json.dumps({"event": event, **what}), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("network", "search", "held_out"):
        parser.add_argument(name)
    parser.add_argument("--bits", type=int, choices=range(2, 9), default=3, metavar="2..8")
    parser.add_argument("--compensated", action="store_true", help="assign with compensation instead of to the nearest level")
    parser.add_argument("--hessian-images", type=int, default=256, help="images whose layer inputs make the Hessians")
    parser.add_argument("--fitness", choices=("divergence", "top1"), default="divergence")
    parser.add_argument("--population", type=int, default=50)
    parser.add_argument("--generations", type=int, default=50)
    parser.add_argument("--limit", type=float, default=0, help="seconds after which the search ends; 0: none")
    parser.add_argument("--target", type=int, default=0, help="held-out images right at which it ends; 0: none")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--began", type=float, default=0, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if min(options.generations, options.threads, options.batch, options.hessian_images) < 1 or options.population < 4:
        parser.error("--generations, --threads, --batch and --hessian-images are at least 1, --population at least 4")
    torch.set_num_threads(options.threads)
    try:
        with torch.inference_mode():
            job = Job(options)
            start_seconds = job.seconds()
            right, report = job.held_out()  # weights are still as trained
            said("network", layers=len(job.net.layers), images=len(job.images), held_out=len(job.unseen[1]), fp32=right, report_seconds=report,
                 start_seconds=start_seconds)
            seen = {}

            def tell(generation, best):
                key = tuple(best)
                if key not in seen:
                    seen.clear()
                    seen[key] = job.held_out(best)
                right, report = seen[key]
                late = bool(options.limit) and job.seconds() > options.limit
                said("generation", generation=generation, seconds=job.seconds(), evaluations=len(job.scored), fitness=best.fitness.values[0],
                     held_out=right, report_seconds=report, making=job.making, inference=job.inference, late=late)
                return late or bool(options.target) and right >= options.target

            evolve(job, tell)
            said("end", seconds=job.seconds())
    except (deap_network.Unsupported, OSError, KeyError) as error:
        sys.exit(f"deap_search.py: {error}")


if __name__ == "__main__":
    main()
