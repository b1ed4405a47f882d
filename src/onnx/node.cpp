#include "onnx/node.hpp"

#include <cmath>
#include <utility>

#include "core/check.hpp"
#include "model/geometry.hpp"
#include "onnx/name.hpp"

namespace vbq {
namespace {

// The attribute when it is there and of this type; Error when it is of another.
const onnx::AttributeProto* typed(const NodeContext& node, const char* name, onnx::AttributeProto::AttributeType type) {
  const onnx::AttributeProto* found = node.attribute(name);
  if (found != nullptr && found->type() != type) {
    fail("{} has attribute \"{}\" of type {}: type {} was expected", node.where(), name,
         onnx::AttributeProto::AttributeType_Name(found->type()), onnx::AttributeProto::AttributeType_Name(type));
  }
  return found;
}

}  // namespace

NodeContext::NodeContext(const onnx::NodeProto& proto, int opset, std::vector<Value> inputs, TensorReader& reader)
    : proto_(proto), opset_(opset), inputs_(std::move(inputs)), reader_(reader) {
  const std::string& name = proto.name().empty() && proto.output_size() > 0 ? proto.output(0) : proto.name();
  where_ = fmt::format("{} node \"{}\" (opset {})", clean_name(proto.op_type()), clean_name(name), opset);
}

const onnx::AttributeProto* NodeContext::attribute(const char* name) const {
  for (const auto& attribute : proto_.attribute()) {
    if (attribute.name() == name) return &attribute;
  }
  return nullptr;
}

std::int64_t NodeContext::integer(const char* name, std::int64_t otherwise) const {
  const auto* found = typed(*this, name, onnx::AttributeProto::INT);
  return found != nullptr ? found->i() : otherwise;
}

float NodeContext::real(const char* name, float otherwise) const {
  const auto* found = typed(*this, name, onnx::AttributeProto::FLOAT);
  return found != nullptr ? found->f() : otherwise;
}

std::string NodeContext::text(const char* name, const char* otherwise) const {
  const auto* found = typed(*this, name, onnx::AttributeProto::STRING);
  return found != nullptr ? clean_name(found->s()) : otherwise;
}

std::optional<std::vector<std::int64_t>> NodeContext::integers(const char* name) const {
  const auto* found = typed(*this, name, onnx::AttributeProto::INTS);
  if (found == nullptr) return std::nullopt;
  return std::vector<std::int64_t>(found->ints().begin(), found->ints().end());
}

std::string NodeContext::input_text(std::size_t i) const { return fmt::format("input {} of {}", i, where_); }

const Value& NodeContext::value(std::size_t i) const {
  if (!has(i)) fail("{} is missing", input_text(i));
  return inputs_[i];
}

const Value& NodeContext::activation(std::size_t i) const {
  if (!value(i).is_activation())
    fail("{} is a constant, where a value computed from the image was expected", input_text(i));
  return inputs_[i];
}

const HostTensor& NodeContext::constant(std::size_t i) {
  if (value(i).is_activation()) {
    fail("{} is computed from the image, where a constant was expected", input_text(i));
  }
  Value& input = inputs_[i];
  if (input.folded == nullptr) {
    const std::string what = fmt::format("tensor \"{}\", {},", clean_name(input.origin), input_text(i));
    input.folded = std::make_shared<const HostTensor>(reader_.read(*input.stored, what));
  }
  return *input.folded;
}

std::vector<std::int64_t> NodeContext::integers_at(std::size_t i) {
  const HostTensor& tensor = constant(i);
  if (tensor.is_real()) fail("{} holds real numbers, where integers were expected", input_text(i));
  if (tensor.shape.size() > 1) {
    fail("{} has shape {}, where a list was expected", input_text(i), shape_text(tensor.shape));
  }
  reader_.budget().take(static_cast<std::int64_t>(tensor.size()), input_text(i));
  return tensor.integers();
}

float NodeContext::real_at(std::size_t i) {
  const HostTensor& tensor = constant(i);
  if (!tensor.is_real() || tensor.size() != 1) fail("{} is not one real number, as was expected", input_text(i));
  return tensor.reals().front();
}

std::int64_t NodeContext::integer_at(std::size_t i) {
  const HostTensor& tensor = constant(i);
  if (tensor.is_real() || tensor.size() != 1) fail("{} is not one integer, as was expected", input_text(i));
  return tensor.integers().front();
}

Tensor NodeContext::tensor_at(std::size_t i) {
  const HostTensor& tensor = constant(i);
  if (!tensor.is_real()) fail("{} holds integers, where real numbers were expected", input_text(i));
  reader_.budget().take(static_cast<std::int64_t>(tensor.size()), input_text(i));
  for (std::size_t k = 0; k < tensor.size(); ++k) {
    if (!std::isfinite(tensor.reals()[k])) {
      fail("{} holds {} at element {}: finite numbers were expected", input_text(i), tensor.reals()[k], k);
    }
  }
  return {tensor.shape, tensor.reals()};
}

std::optional<std::vector<std::int64_t>> NodeContext::list(const char* attribute, std::size_t i, int since) {
  if (opset_ < since) return integers(attribute);
  if (!has(i)) return std::nullopt;
  return integers_at(i);
}

std::size_t NodeContext::room(const Shape& shape) {
  if (shape.size() > kMostAxes) fail("{} makes {} axes: at most {} were expected", where_, shape.size(), kMostAxes);
  for (const std::int64_t extent : shape) {
    if (extent < 0 || extent > kLargestExtent) {
      fail("{} makes shape {}: extents of 0 to {} were expected", where_, shape_text(shape), kLargestExtent);
    }
  }
  const std::int64_t count = elements(shape);
  reader_.budget().take(count, where_);
  return static_cast<std::size_t>(count);
}

}  // namespace vbq
