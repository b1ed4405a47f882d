// The header of a .npy file: a Python literal, read by a parser that knows just this one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vbq {

struct NpyHeader {
  std::string descr;  // "<f4"
  bool fortran_order = false;
  std::vector<std::int64_t> shape;  // each >= 0
};

// "{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }". Error, beginning with `where`, on anything else.
NpyHeader parse_npy_header(std::string_view text, const std::string& where);

}  // namespace vbq
