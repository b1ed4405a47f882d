#include "data/image_stream.hpp"

#include <algorithm>
#include <atomic>
#include <exception>
#include <string>
#include <thread>

#include "core/check.hpp"
#include "core/file.hpp"
#include "core/log.hpp"
#include "core/usable_cpus.hpp"

namespace vbq {
namespace {

constexpr std::int64_t kPieceBytes = 64 << 20;                  // of pixels aimed at
constexpr std::int64_t kFirstPiece = 16, kLargestPiece = 1024;  // files; the first piece shows how large images are
constexpr std::uint64_t kLargestFile = std::uint64_t{1} << 28;

struct Slot {
  Picture picture;  // planes
  std::string fault;
};

Picture load(const ImageList& list, std::size_t index, const Preprocessing& how) {
  const std::filesystem::path path = list.root / list.files[index];
  const std::string file = read_file(path, "image", kLargestFile), where = "image " + path.string();
  // A file's bytes, which read_file() has as characters.
  const std::span<const std::uint8_t> bytes(reinterpret_cast<const std::uint8_t*>(file.data()), file.size());
  return preprocess(decode_picture(bytes, where), how, where);
}

// Files first..first+slots.size()-1 into the slots.
void load_all(const ImageList& list, std::int64_t first, const ImageStreamOptions& options, std::vector<Slot>& slots) {
  std::atomic<std::size_t> next{0};
  const auto work = [&] {
    for (std::size_t i = next++; i < slots.size(); i = next++) {
      try {
        slots[i].picture = load(list, static_cast<std::size_t>(first) + i, options.preprocessing);
      } catch (const std::exception& error) {
        slots[i].fault = error.what();
      }
    }
  };
  const auto asked = static_cast<std::size_t>(stream_threads(options));
  std::vector<std::jthread> threads;
  try {
    while (threads.size() + 1 < std::min(asked, slots.size())) threads.emplace_back(work);
  } catch (const std::system_error& error) {  // a limit on processes: slower, not wrong
    log::debug("{} threads of {} could be started: {}", threads.size() + 1, asked, error.what());
  }
  work();
}

std::string size_text(std::int64_t channels, std::int64_t height, std::int64_t width) {
  return fmt::format("{}x{}x{}", channels, height, width);
}

// Moves the slots' pixels into one piece; a fault names what is wrong with a slot.
class Gatherer {
 public:
  Gatherer(const ImageList& list, const ImageStreamOptions& options) : list_(list), options_(options) {}

  Images gather(std::vector<Slot>& slots, std::int64_t first) {
    for (std::size_t i = 0; i < slots.size(); ++i) {
      Slot& slot = slots[i];
      const std::size_t index = static_cast<std::size_t>(first) + i;
      check_size(slot, index);
      if (!slot.fault.empty()) {
        reject(slot.fault);
        continue;
      }
      piece_.pixels.insert(piece_.pixels.end(), slot.picture.pixels.begin(), slot.picture.pixels.end());
      piece_.labels.push_back(list_.labels[index]);
      ++piece_.count;
      slot = {};
    }
    Images out{0, piece_.channels, piece_.height, piece_.width, {}, {}};
    std::swap(out, piece_);
    return out;
  }
  std::int64_t left_out() const { return left_out_; }
  std::int64_t image_bytes() const { return piece_.channels * piece_.height * piece_.width; }  // 0: none seen yet

 private:
  void check_size(Slot& slot, std::size_t index) {
    if (!slot.fault.empty()) return;
    const Picture& p = slot.picture;
    if (image_bytes() == 0) piece_ = {0, p.channels, p.height, p.width, {}, {}};
    if (p.height == piece_.height && p.width == piece_.width) return;
    slot.fault = fmt::format(
        "image {} is {} (channels, height, width) where the images before it are {}: one size was expected (--resize "
        "and "
        "--crop make it)",
        (list_.root / list_.files[index]).string(), size_text(p.channels, p.height, p.width),
        size_text(piece_.channels, piece_.height, piece_.width));
  }
  void reject(const std::string& fault) {
    if (options_.bad_files == BadFiles::refuse) fail("{} (--skip-bad leaves such files out)", fault);
    log::warning("left out: {}", fault);
    ++left_out_;
  }

  const ImageList& list_;
  const ImageStreamOptions& options_;
  Images piece_;
  std::int64_t left_out_ = 0;
};

}  // namespace

int stream_threads(const ImageStreamOptions& options) { return options.threads > 0 ? options.threads : usable_cpus(); }

std::int64_t stream_images(const ImageList& list, const ImageStreamOptions& options,
                           const std::function<void(const Images&)>& sink) {
  const auto total = static_cast<std::int64_t>(list.files.size());
  Gatherer gatherer(list, options);
  for (std::int64_t first = 0; first < total;) {
    const std::int64_t bytes = gatherer.image_bytes();
    const std::int64_t most =
        bytes == 0 ? kFirstPiece : std::clamp(kPieceBytes / bytes, std::int64_t{1}, kLargestPiece);
    std::vector<Slot> slots(static_cast<std::size_t>(std::min(most, total - first)));
    load_all(list, first, options, slots);
    const Images piece = gatherer.gather(slots, first);
    if (piece.count != 0) sink(piece);
    first += static_cast<std::int64_t>(slots.size());
    if (options.progress) options.progress(first, total);
  }
  if (gatherer.left_out() == total) fail("none of the {} images of {} can be used", total, list.origin);
  return gatherer.left_out();
}

}  // namespace vbq
