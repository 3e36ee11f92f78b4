// Container logs in the CRI's form, `2026-11-23T22:51:04.211165930Z stdout F text`, read as `kubectl logs` asks for
// them. Source: the CRI's documentation of logging; API documentation of PodLogOptions.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/loop.h"
#include "io/task.h"

namespace kubelet {

struct LogOptions {
  bool follow = false;
  bool timestamps = false;
  std::optional<int64_t> tail_lines;
  std::optional<int64_t> limit_bytes;
  std::optional<int64_t> since_ns;  // since 1970
  std::string stream;               // "Stdout", "Stderr"; "" both
};

// One line, taken apart. Nothing if it has not this form.
struct LogLine {
  std::string_view time;    // RFC 3339
  std::string_view stream;  // "stdout"
  bool partial = false;     // the text goes on in the next line
  std::string_view text;
};
std::optional<LogLine> parse_log_line(std::string_view line);

// Where in `text`, which ends at a line's end, the last `lines` whole lines begin. A line in several partial pieces is
// one.
size_t tail_offset(std::string_view text, int64_t lines);

using LogSink = std::function<io::Task<base::Result<void>>(std::string text)>;
using IsRunning = std::function<io::Task<bool>()>;

// Sends the log's lines to `sink`. With follow it goes on, over rotations of the file, until `running` says no (asked
// when the file stays silent) or the sink fails. NotFound without a file.
io::Task<base::Result<void>> read_log(std::string path, LogOptions options, IsRunning running, LogSink sink);

// The end of a log for a termination message: 80 lines, 2048 bytes at most. Blocking, short.
std::string log_tail_message(const std::string& path);

}  // namespace kubelet
