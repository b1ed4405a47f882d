// Budget: how many elements reading one network may hold in all, so that a small file cannot ask for a large memory.
#pragma once

#include <cstdint>
#include <string>

#include "core/check.hpp"

namespace vbq {

class Budget {
 public:
  explicit Budget(std::int64_t elements) : left_(elements) {}

  // Before the memory is taken. Error, naming `where`, when too little is left.
  void take(std::int64_t elements, const std::string& where) {
    if (elements > left_) {
      fail("{} needs {} elements, where {} were the most that a file of this size may still ask for", where, elements,
           left_);
    }
    left_ -= elements;
  }

 private:
  std::int64_t left_;
};

}  // namespace vbq
