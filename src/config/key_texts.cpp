#include "config/key_texts.hpp"

#include "config/job_fields.hpp"
#include "core/check.hpp"

namespace vbq {
namespace {

constexpr KeyText kTexts[] = {
    {"network.path", "(needed)", "a path", "The ONNX file."},
    {"network.output", "the first", "a string", "Of a network with several outputs, the name of the one to read."},
    {"network.skip", "[]", "an array of strings", "Layers left in FP32, by node name."},
    {"data.path", "(needed)", "a path", "Dataset file, or a source that vbq data import knows, imported on the fly."},
    {"data.calibration", "none", "a path", "Images that the search sees, never scored; all of data.path is held out."},
    {"data.search", "2000 or what there is", "a number of images, or a share from 0 to 1",
     "Images that the search sees; those of data.path that it does not see are held out."},
    {"data.validation", "0 (none); under a budget \"auto\"",
     "a whole number of images, a share from 0 to 1, or \"auto\"",
     "Of the search's images, those that lead nothing and choose the network that is delivered."},
    {"data.block", "100; under a budget 50", "an integer from 1 to 65536",
     "Images in a block, the unit in which work is shared out."},
    {"data.augment", "\"none\"; under a budget \"mix\"", "",
     "How the images that candidates are run over are changed."},
    {"data.mean", "[]", "an array of numbers",
     "Normalisation of images imported on the fly: mean of x/255, a channel "
     "each."},
    {"data.std", "[]", "an array of numbers", "The same: standard deviation of x/255, a channel each."},
    {"data.allow_different_normalisation", "false", "true or false",
     "Whether data.calibration and data.path may have different means and standard deviations."},
    {"data.label_offset", "0", "an integer from -16777216 to 16777216",
     "Added to every label: 1 for a network with a background class first."},
    {"format.bits", "3 bits (8 levels)", "an integer from 2 to 8, or an array of at least one",
     "At most 2^bits levels; several are a sweep, one search after the other."},
    {"format.levels", "3 bits (8 levels)", "an integer from 2 to 256, or an array of at least one",
     "The number of levels, in the place of format.bits."},
    {"format.encoding", "\"values\"", "", "How a codebook is spelled in genes."},
    {"format.rate", "0; of a grid \"gene\"", "a number from 0, or \"gene\"",
     "What telling a weight's level costs in compensated and sequential assignment: 0 nothing, 1 the best trade."},
    {"format.refit", "0", "an integer from 0 to 3",
     "Rounds after assignment: levels and scales fitted to what weights have taken, and weights assigned anew."},
    {"format.level_values", "\"float\"", "", "What a level may be: any number, or an int8 times the scale."},
    {"format.activations", "0", "an integer from 0 to 8",
     "Bits (4 to 8) of what quantised layers see, and of what a sum adds up; 0: FP32."},
    {"format.coding", "\"fixed\"; of a grid \"entropy\"", "", "How a candidate's size is counted."},
    {"format.budget", "none",
     "bits a weight (\"2.3 bits\"), a size (\"75 KiB\", \"80000 bytes\"), \"front\", or two of them, the smaller first",
     "What the quantised weights may take, with codebooks and scales; two are a front, all sizes in between."},
    {"format.symmetric", "false", "true or false", "Levels of values mirrored at zero; uniform without a zero point."},
    {"format.exponent_bits", "0", "an integer from 0 to 7", "Of float: bits of exponent; 0 is half of the bits."},
    {"format.exponent_bias", "searched", "a number from -1000 to 1000", "Of float: a set exponent bias."},
    {"format.biases", "false", "true or false", "Whether biases of quantised layers take levels of the codebook too."},
    {"format.scope", "\"layer\"", "", "Who shares a codebook."},
    {"format.scale", "\"channel\"; \"none\" with a codebook a channel", "",
     "What has a scale, which weights are "
     "divided by."},
    {"format.scale_by", "\"rms\"", "", "What of its weights a scale is."},
    {"format.assignment", "\"sequential\"", "", "How weights get their levels."},
    {"format.matching", "\"always\"", "", "When the moments of quantised layers are matched with those of FP32."},
    {"format.matching_images", "200; of grids within one budget 75", "an integer from 1 to 1000000",
     "Images of the search that moments are taken over, and that sequential assignment is made for."},
    {"format.delivery_images", "0 (matching_images); under a budget \"auto\"",
     "an integer from 0 to 1000000, or \"auto\"", "The same for the network that is delivered."},
    {"search.method", "\"genetic\"", "", "How genomes are searched."},
    {"search.preset", "\"standard\"", "one of standard, nogami2018",
     "A whole recipe, parts of which other keys may change."},
    {"search.population", "50; of grids under a budget 20", "an integer from 2 to 100000",
     "Individuals in a generation."},
    {"search.generations", "100; of grids under a budget 60", "an integer from 1 to 1000000000",
     "Generations; may be raised at a resume."},
    {"search.seconds", "0 (no limit)", "a number of seconds, or a time such as \"30s\", \"5min\" or \"1h\"",
     "The generation in which the search has taken so long is the last one."},
    {"search.patience", "0 (no limit)", "an integer from 0 to 1000000000",
     "Generations without a better fitness after which the search ends."},
    {"search.fitness", "\"divergence\"", "", "What is made as good as can be on the search's images."},
    {"search.temperature", "8; 1 of another fitness", "a number from 0.01 to 1000",
     "Of divergence: both networks' logits are divided by it."},
    {"search.fitness_images", "0 (all); of grids within one budget 400", "an integer from 0 to 1000000000",
     "Images of the search that candidates are run over."},
    {"search.racing", "0 (no racing)", "a number from 0 to 0.5",
     "The chance that a race drops any true survivor of a generation, at most."},
    {"search.seed", "1", "an integer from 0 to 9223372036854775807", "Of all random numbers."},
    {"search.mutation", "0.2", "a number from 0 to 1", "Rate of mutation in the published recipe."},
    {"search.crossover", "0.5", "a number from 0 to 1", "Rate of crossover in the published recipe."},
    {"search.reproduction", "0.3", "a number from 0 to 1", "Rate of reproduction in the published recipe."},
    {"search.surrogate", "true", "true or false",
     "Whether response surfaces of all candidates lead a search of grids under a budget."},
    {"run.checkpoint", "10", "a number of generations, or a time such as \"30s\", \"5min\" or \"1h\"",
     "Generations, or time, between checkpoints."},
    {"run.cache", "\"\"", "a string", "A file of tallies that runs share."},
    {"run.memory", "\"1 GiB\"", "a size such as \"2 GiB\" or \"500 MiB\"; \"0 B\" for none",
     "What a worker may keep of networks that it made, for others that begin alike."},
};

}  // namespace

std::span<const KeyText> key_texts() { return kTexts; }

std::string keys_table() {
  std::string text, open;
  for (const JobField& field : job_fields()) {
    const std::string section = field.key.substr(0, field.key.find('.'));
    if (section != open) text += fmt::format("{}[{}]\n", open.empty() ? "" : "\n", section);
    open = section;
    text += fmt::format("  {}: {}\n    default  {}\n    values   {}\n", field.key, field.text.meaning,
                        field.text.default_text, field.values());
  }
  return text;
}

}  // namespace vbq
