// vbq export: a quantised ONNX file that other programs run with the same answers.

#include "app/commands.hpp"
#include "app/output_file.hpp"
#include "config/names.hpp"
#include "config/unused.hpp"
#include "json/json.hpp"
#include "onnx/content.hpp"
#include "report/output.hpp"
#include "report/progress.hpp"
#include "run/export_file.hpp"
#include "run/sizes.hpp"
#include "vbq/format_file.hpp"
#include "vbq/onnx.hpp"

namespace vbq {

int command_export(const ExportArguments& arguments, const CommonOptions& common) {
  warn_unused_engine_options(common.engine, "export");
  const ExportForm form = value_of<ExportForm>(arguments.form, kExportForms, "--form");
  std::vector<std::filesystem::path> inputs = files_of_onnx(arguments.network);
  inputs.push_back(arguments.format);
  check_output(arguments.output, inputs, arguments.overwrite ? Existing::overwrite : Existing::refuse);
  const ExportedFile file = export_file(arguments.network, arguments.output_name, arguments.format, arguments.output,
                                        {form, arguments.opset});
  const auto [network, found] =
      read_found_network(arguments.format, read_onnx(arguments.network, arguments.output_name));
  const Sizes sizes = sizes_of(arguments.network, network, found.network, arguments.opset);
  const double share = static_cast<double>(file.bytes) / static_cast<double>(file.fp32_bytes);
  if (common.json) {
    const Json json{{"output", arguments.output.string()},
                    {"form", arguments.form},
                    {"layers", file.layers},
                    {"weights", file.weights},
                    {"bits", file.bits},
                    {"bytes", file.bytes},
                    {"bytes_fp32", file.fp32_bytes},
                    {"share", share},
                    {"zstd", file.compressed.zstd},
                    {"deflate", file.compressed.deflate},
                    {"weights_zstd", file.weights_compressed.zstd},
                    {"weights_deflate", file.weights_compressed.deflate},
                    {"sizes", sizes_json(sizes)}};
    print_json(json);
    return 0;
  }
  const std::string text = fmt::format(
      "{}: {} weights in {} layers at {} bits, form {}\n{} bytes, {:.1f} % of {} in FP32; "
      "{} behind zstd -19, {} behind deflate\n"
      "Weights with codebooks, scales and shifts: {} bytes behind zstd -19, {} behind deflate\n",
      arguments.output.string(), thousands(file.weights), file.layers, file.bits, arguments.form,
      thousands(static_cast<long long>(file.bytes)), 100 * share, thousands(static_cast<long long>(file.fp32_bytes)),
      thousands(static_cast<long long>(file.compressed.zstd)),
      thousands(static_cast<long long>(file.compressed.deflate)),
      thousands(static_cast<long long>(file.weights_compressed.zstd)),
      thousands(static_cast<long long>(file.weights_compressed.deflate)));
  print(text + sizes_text(sizes));
  return 0;
}

}  // namespace vbq
