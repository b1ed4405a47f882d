// Settings that cost bits and gain nothing: told before a search, not refused.
#pragma once

#include <string>
#include <vector>

#include "vbq/format.hpp"
#include "vbq/network.hpp"

namespace vbq {

// A sentence each; none where there is nothing to say.
std::vector<std::string> advice(const Network& network, const Format& format);

}  // namespace vbq
