// Files made to do harm, or broken: each is read, or refused with an Error; nothing else.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "core/random.hpp"
#include "model_builder.hpp"

namespace vbq::test {
namespace {

// True when the content was read, false when it was refused; anything else that is thrown fails the test.
bool reads(const std::string& content) {
  try {
    const Network network = parse_onnx(content, "hostile.onnx");
    validate(network);
    network_hash(network);
    return true;
  } catch (const Error& error) {
    EXPECT_EQ(error.fault(), Fault::input) << error.what();
    EXPECT_EQ(std::string(error.what()).find("network hostile.onnx: "), 0U) << error.what();
    return false;
  }
}

TEST(Hostile, TheValidFileIsRead) { EXPECT_TRUE(reads(small_export().bytes())); }

TEST(Hostile, TruncatedAnywhere) {
  const std::string whole = small_export().bytes();
  int read = 0;
  for (std::size_t length = 0; length < whole.size(); ++length) read += reads(whole.substr(0, length));
  EXPECT_LE(read, 2);  // an end between two fields can leave a network: only at the very end here
}

TEST(Hostile, RandomBytes) {
  Random random(1, 0, 0, Purpose::test);
  for (int round = 0; round < 500; ++round) {
    std::string content(random.below(300), '\0');
    for (char& c : content) c = static_cast<char>(random.below(256));
    EXPECT_FALSE(reads(content));
  }
}

TEST(Hostile, BitFlips) {
  const std::string whole = small_export().bytes();
  Random random(2, 0, 0, Purpose::test);
  int read = 0;
  for (int round = 0; round < 2000; ++round) {
    std::string content = whole;
    for (std::uint64_t flips = 1 + random.below(4); flips > 0; --flips) {
      content[random.below(content.size())] ^= static_cast<char>(1U << random.below(8));
    }
    read += reads(content);
  }
  EXPECT_GT(read, 0);  // most flips hit weights
}

// Without the weights, so that flips hit structure.
TEST(Hostile, BitFlipsOfStructure) {
  ModelBuilder b(13, {2, 2, 4, 4});
  b.list("pads", {0, 0, 1, 1, 0, 0, 1, 1});
  b.list("starts", {1});
  b.list("ends", {INT64_MAX});
  b.list("axes", {2});
  b.node("Pad", {"x", "pads"}, "p");
  b.node("Slice", {"p", "starts", "ends", "axes"}, "s");
  b.node("MaxPool", {"s"}, "m").integers("kernel_shape", {2, 2}).integers("strides", {2, 2}).integer("ceil_mode", 1);
  b.node("Transpose", {"m"}, "t").integers("perm", {0, 2, 3, 1});
  b.node("Shape", {"t"}, "shape");
  b.node("ConstantOfShape", {"shape"}, "zeros");
  b.node("Concat", {"t", "zeros"}, "c").integer("axis", 1);
  b.node("ReduceMean", {"c"}, "r").integers("axes", {2}).integer("keepdims", 0);
  b.node("Softmax", {"r"});
  const std::string whole = b.bytes();
  ASSERT_TRUE(reads(whole));
  for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string content = whole;
    content[bit / 8] ^= static_cast<char>(1U << bit % 8);
    reads(content);
  }
}

TEST(Hostile, BytesReplaced) {
  const std::string whole = small_export().bytes();
  Random random(3, 0, 0, Purpose::test);
  for (int round = 0; round < 500; ++round) {
    std::string content = whole;
    const std::size_t at = random.below(content.size());
    for (std::size_t k = at; k < std::min(content.size(), at + 1 + random.below(12)); ++k) {
      content[k] = static_cast<char>(random.below(2) == 0 ? 0xff : random.below(256));
    }
    reads(content);
  }
}

TEST(Hostile, MissingEmptyAndFolder) {
  const auto refusal = [](const std::filesystem::path& path) {
    try {
      read_onnx(path);
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_NE(refusal("/nowhere/net.onnx").find("does not exist"), std::string::npos);
  EXPECT_NE(refusal("/tmp").find("is not a file"), std::string::npos);
  EXPECT_NE(refusal("/dev/null"), "");
  EXPECT_FALSE(reads(""));
}

// Field 7 (graph) of the model, with a repeated field of empty messages or strings: two bytes each in the file.
std::string repeated(char tag, std::size_t count) {
  std::string graph;
  for (std::size_t k = 0; k < count; ++k) graph += {tag, '\0'};
  std::string model = "\x3a";
  for (std::size_t n = graph.size();; n >>= 7) {
    model += static_cast<char>((n & 0x7f) | (n > 0x7f ? 0x80 : 0));
    if (n <= 0x7f) break;
  }
  return model + graph;
}

TEST(Hostile, MessagesThatTakeMoreMemoryThanBytes) {
  const std::string many = repeated(0x0a, 3000000);  // nodes
  try {
    parse_onnx(many, "hostile.onnx");
    FAIL() << "was read";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("messages and strings"), std::string::npos) << error.what();
  }
  EXPECT_FALSE(reads(repeated(0x0a, 1000)));
  EXPECT_FALSE(reads(repeated(static_cast<char>(0xfa), 1000)));
}

TEST(Hostile, GraphsNestedInGraphs) {
  ModelBuilder b;
  b.node("Relu", {"x"});
  onnx::GraphProto* graph = &b.graph();
  for (int depth = 0; depth < 40; ++depth) {
    auto* attribute = graph->add_node()->add_attribute();
    attribute->set_type(onnx::AttributeProto::GRAPH);
    graph = attribute->mutable_g();
  }
  EXPECT_FALSE(reads(b.bytes()));
}

TEST(Hostile, ShapesThatOverflow) {
  for (const Shape& shape : {Shape{0, 2147483647, 1, 1}, Shape{0, 1, 2147483647, 1}}) {
    ModelBuilder b(13, shape);
    b.list("pads", {0, 0, 0, 0, 0, 2147483647, 2147483647, 2147483647});
    b.node("Pad", {"x", "pads"});
    EXPECT_NE(b.refusal(), "");
  }
}

TEST(Hostile, ConstantsThatGrow) {
  ModelBuilder b;
  b.list("c0", Ints(64, 1));
  for (int k = 0; k < 40; ++k) {
    const std::string last = fmt::format("c{}", k);
    b.node("Concat", {last, last}, fmt::format("c{}", k + 1)).integer("axis", 0);
  }
  b.node("Reshape", {"x", "c40"});
  EXPECT_NE(b.refusal().find("were the most that a file of this size may still ask for"), std::string::npos)
      << b.refusal();
}

// One weight of a megabyte, asked for again and again.
TEST(Hostile, WeightsThatAreSharedTooOften) {
  ModelBuilder b(13, {0, 512});
  b.tensor("w", {512, 512}, std::vector<float>(512 * 512, 0.5F));
  std::string last = "x";
  for (int k = 0; k < 300; ++k) {
    b.node("MatMul", {last, "w"}, fmt::format("m{}", k));
    last = fmt::format("m{}", k);
  }
  b.node("Relu", {last});
  EXPECT_NE(b.refusal().find("were the most"), std::string::npos) << b.refusal();
}

TEST(Hostile, ChainsAreNotRecursed) {
  ModelBuilder b(13, {0, 3});
  std::string last = "x";
  for (int k = 0; k < 50000; ++k) {
    const std::string next = fmt::format("r{}", k);
    b.node("Relu", {last}, next).name("");
    last = next;
  }
  b.node("Relu", {last});
  EXPECT_EQ(b.read().nodes.size(), 50001U);
}

}  // namespace
}  // namespace vbq::test
