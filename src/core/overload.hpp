// One function object of several, for std::visit.
#pragma once

namespace vbq {

template <typename... F>
struct Overload : F... {
  using F::operator()...;
};
template <typename... F>
Overload(F...) -> Overload<F...>;

}  // namespace vbq
