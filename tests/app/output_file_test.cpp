// Nothing of the user's is overwritten unasked, and an input never.
#include "app/output_file.hpp"

#include "support/folder.hpp"

namespace vbq {
namespace {
namespace fs = std::filesystem;

using test::error_of;
using test::has;

TEST(OutputFile, ExistingFilesNeedConsent) {
  const test::Folder folder;
  const fs::path output = folder / "out", input = folder / "in";
  test::put(input, "input");
  EXPECT_NO_THROW(check_output(output, {input}, Existing::refuse));
  EXPECT_NO_THROW(check_output(folder / "no/such/folder", {input, folder / "none"}, Existing::refuse));
  test::put(output, "before");
  EXPECT_TRUE(has(error_of([&] { check_output(output, {input}, Existing::refuse); }),
                  "out exists already: --overwrite replaces it"));
  EXPECT_NO_THROW(check_output(output, {input, folder / "none"}, Existing::overwrite));
}

TEST(OutputFile, AnInputIsNeverTheOutput) {
  const test::Folder folder;
  const fs::path input = folder / ".in.h5.vbq-part";
  test::put(input, "input");
  fs::create_symlink(input, folder / "soft");
  fs::create_hard_link(input, folder / "hard");
  for (const Existing existing : {Existing::refuse, Existing::overwrite}) {
    for (const char* name : {".in.h5.vbq-part", "soft", "hard"}) {
      EXPECT_TRUE(has(error_of([&] { check_output(folder / name, {input}, existing); }), "is the input ")) << name;
    }
    EXPECT_TRUE(has(error_of([&] { check_output(folder / "in.h5", {input}, existing); }),
                    "is written by way of " + input.string()));
  }
}

TEST(OutputFile, IsAFile) {
  const test::Folder folder;
  EXPECT_TRUE(has(error_of([&] { check_output(folder.path(), {}, Existing::overwrite); }), "is a folder"));
  EXPECT_TRUE(has(error_of([] { check_output("/dev/null", {}, Existing::overwrite); }), "/dev/null is a device"));
}

}  // namespace
}  // namespace vbq
