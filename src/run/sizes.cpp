#include "run/sizes.hpp"

#include <utility>
#include <vector>

#include "config/names.hpp"
#include "core/log.hpp"
#include "json/json.hpp"
#include "quant/stand_in.hpp"
#include "report/progress.hpp"
#include "vbq/error.hpp"

namespace vbq {
namespace {

std::int64_t bytes_of(std::int64_t bits) { return (bits + 7) / 8; }

// What the weights' bytes are made of; the parts that are not there left out.
std::string parts_text(const WeightSize& size) {
  std::string text;
  for (const auto& [name, bits] : {std::pair{"codes", size.index_bits},
                                   {"codebooks", size.codebook_bits},
                                   {"scales", size.scale_bits},
                                   {"shifts", size.shift_bits},
                                   {"weights left in FP32", size.fp32_bits}}) {
    if (bits > 0) text += fmt::format("{}{} {}", text.empty() ? "" : ", ", name, thousands(bytes_of(bits)));
  }
  return text;
}

double bits_a_weight(std::int64_t bits, const WeightSize& size) {
  return size.weights == 0 ? 0 : static_cast<double>(bits) / static_cast<double>(size.weights);
}

std::string files_text(const FileSizes& files) {
  std::string text = fmt::format("Files: {} bytes as trained", thousands(files.as_trained));
  std::string impossible;
  for (const FileSizes::Form& one : files.forms) {
    const char* name = name_of<ExportForm>(one.form, kExportForms);
    if (one.bytes > 0) text += fmt::format(", {} {}", name, thousands(one.bytes));
    if (one.bytes == 0) impossible += fmt::format("{}{}", impossible.empty() ? "; not possible: " : ", ", name);
  }
  return text + impossible + "\n";
}

Sizes with_files(const std::filesystem::path& file, const Network& network, const NetworkFormat& formats,
                 const WeightSize& weights, std::optional<int> opset = {}) {
  Sizes sizes{weights, numbers_beside_weights(network), {}};
  try {
    sizes.files = file_sizes(file, network, formats, opset);
  } catch (const Error& error) {
    log::warning("no sizes of exported files: {}", error.what());
  }
  return sizes;
}

}  // namespace

Sizes sizes_of(const std::filesystem::path& file, const Network& network, const QuantisedNetwork& quantised,
               std::optional<int> opset) {
  const WeightSize weights = weight_size(network, quantised);
  Sizes sizes = with_files(file, network, quantised.formats(), weights, opset);
  sizes.entropy_coded = coded_bits(weights, Coding::entropy);
  return sizes;
}

Sizes predicted_sizes(const std::filesystem::path& file, const Network& network, const Format& format) {
  const NetworkFormat formats = stand_in_format(network, format);
  return with_files(file, network, formats, weight_size(network, formats));
}

std::string sizes_text(const Sizes& sizes) {
  const WeightSize& size = sizes.weights;
  std::string text =
      fmt::format("{} levels, {:.2f} bits a weight: {} bytes instead of {} ({})\n", size.levels, size.bits_per_weight(),
                  thousands(size.bytes()), thousands(4 * size.weights), parts_text(size));
  if (sizes.entropy_coded) {
    text += fmt::format("{:.2f} bits a weight with each layer's levels at their entropy: {} bytes\n",
                        bits_a_weight(*sizes.entropy_coded, size), thousands(bytes_of(*sizes.entropy_coded)));
  }
  text += fmt::format("{} numbers beside the weights stay FP32 (biases, batch norms, constants): {} bytes\n",
                      thousands(sizes.beside), thousands(4 * sizes.beside));
  return sizes.files.forms.empty() ? text : text + files_text(sizes.files);
}

Json sizes_json(const Sizes& sizes) {
  const WeightSize& size = sizes.weights;
  Json json{{"levels", size.levels},
            {"bits_per_weight", size.bits_per_weight()},
            {"weights", size.bytes()},
            {"weights_fp32_as_trained", 4 * size.weights},
            {"codes", bytes_of(size.index_bits)},
            {"codebooks", bytes_of(size.codebook_bits)},
            {"scales", bytes_of(size.scale_bits)},
            {"shifts", bytes_of(size.shift_bits)},
            {"weights_left_fp32", bytes_of(size.fp32_bits)},
            {"beside_fp32", 4 * sizes.beside},
            {"files", nullptr}};
  if (sizes.entropy_coded) {
    json["entropy_coded_bits_per_weight"] = bits_a_weight(*sizes.entropy_coded, size);
    json["entropy_coded"] = bytes_of(*sizes.entropy_coded);
  }
  if (sizes.files.forms.empty()) return json;
  json["files"] = {{"as_trained", sizes.files.as_trained}};
  for (const FileSizes::Form& one : sizes.files.forms) {
    auto& entry = json["files"][name_of<ExportForm>(one.form, kExportForms)];
    if (one.bytes > 0) entry = one.bytes;
  }
  return json;
}

}  // namespace vbq
