// What an ended run leaves besides its results proper: the quantised network and the page.
#pragma once

#include <filesystem>

#include "run/run_job.hpp"

namespace vbq {

// best.onnx, in the smallest form that any onnxruntime runs exactly, and report.html. Where one cannot be made (the
// network's file is gone, say) a warning says so, and the results stand all the same; WriteError where a disk does not
// take it, as everywhere.
void write_extras(const Setup& setup, const JobOutcome& outcome, const std::filesystem::path& folder);

}  // namespace vbq
