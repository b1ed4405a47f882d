#include "onnx/wire.hpp"

#include <google/protobuf/descriptor.h>
#include <google/protobuf/io/coded_stream.h>
#include <onnx/onnx_pb.h>

#include "core/check.hpp"

namespace vbq {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::io::CodedInputStream;

constexpr std::int64_t kMostObjects = 1 << 21;  // a large real network has about a tenth; at most some 600 MB in memory
constexpr int kDeepest = 64;

class Walk {
 public:
  explicit Walk(const std::string& content)
      : stream_(reinterpret_cast<const std::uint8_t*>(content.data()), static_cast<int>(content.size())) {}

  // One message, up to the stream's limit; false where the bytes are malformed.
  bool message(const Descriptor* type, int depth) {
    if (depth > kDeepest) fail("messages are nested more than {} deep", kDeepest);
    while (true) {
      const std::uint32_t tag = stream_.ReadTag();
      if (tag == 0) return stream_.ConsumedEntireMessage();
      if (!field(type->FindFieldByNumber(static_cast<int>(tag >> 3)), tag & 7U, depth)) return false;
    }
  }

 private:
  bool field(const FieldDescriptor* known, std::uint32_t wire_type, int depth) {
    if (known == nullptr) count();  // kept by the parser as an unknown field
    std::uint64_t varint = 0;
    std::uint32_t length = 0;
    switch (wire_type) {
      case 0:
        return stream_.ReadVarint64(&varint);
      case 1:
        return stream_.Skip(8);
      case 5:
        return stream_.Skip(4);
      case 2:
        break;
      default:  // groups: ONNX has none
        return false;
    }
    if (!stream_.ReadVarint32(&length) || length > 0x7fffffffU) return false;
    if (known == nullptr || known->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
      if (known != nullptr && known->cpp_type() == FieldDescriptor::CPPTYPE_STRING) count();
      return stream_.Skip(static_cast<int>(length));
    }
    count();
    if (static_cast<int>(length) > stream_.BytesUntilLimit() && stream_.BytesUntilLimit() >= 0) return false;
    const auto outer = stream_.PushLimit(static_cast<int>(length));
    const bool good = message(known->message_type(), depth + 1);
    stream_.PopLimit(outer);
    return good;
  }

  void count() {
    if (++objects_ > kMostObjects) {
      fail("the file holds more than {} messages and strings: fewer were expected of a network", kMostObjects);
    }
  }

  CodedInputStream stream_;
  std::int64_t objects_ = 0;
};

}  // namespace

void check_wire(const std::string& content) {
  if (!Walk(content).message(onnx::ModelProto::descriptor(), 0)) {
    fail("its {} bytes are not an ONNX model", content.size());
  }
}

}  // namespace vbq
