// The one sentence with which a process that fails ends, and whoever else wants to hear it.
#pragma once

#include <functional>
#include <string>

namespace vbq {

// Called before any thread is started; `hook` is told the first last words of this process, on whatever thread.
void on_last_words(std::function<void(const std::string& sentence, int exit_code)> hook);

// "error: TEXT" as one_line() on standard error whatever the log's level is, and the hook, once.
void last_words(const std::string& text, int exit_code);

}  // namespace vbq
