// What the keys of a job mean, in words: for `vbq info --keys`, the manual and whoever asks.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vbq {

struct KeyText {
  const char* key;           // "search.seed"
  const char* default_text;  // what a job has that does not say it, as docs/reference.md puts it, without backticks
  const char* values;        // what it may be, as messages put it; of a name: empty, JobField::spellings has them
  const char* meaning;       // one sentence, with the unit where there is one
};

// One for each key of job_fields(), in the same order.
std::span<const KeyText> key_texts();

// The whole of what a key means, in Markdown (code in backticks, links as in docs/): what docs/reference.md has of it.
struct KeyDetails {
  std::string_view key, details;
};
// Of the keys of which a sentence does not say it all.
std::span<const KeyDetails> all_key_details();
// Empty where the sentence says it all.
std::string_view key_details(std::string_view key);

// A table of them all: section by section, each key with its default, its values and what it means.
std::string keys_table();

}  // namespace vbq
