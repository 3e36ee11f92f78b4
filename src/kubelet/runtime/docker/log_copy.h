// One container's output, from the Engine's json-file to the CRI's form at the kubelet's place. Blocking; safe from any
// thread.
//
// Each entry of the Engine becomes one line of ours, always the same one. So after a restart, and after a crash at any
// instruction, it is enough to go over the entries again and leave out as many bytes as the copy has already: nothing
// is lost and nothing comes twice. Where in the source a copy began is written down whenever a new one is begun.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace kubelet::docker {

// {"log":"text\n","stream":"stdout","time":"2026-..."} as "2026-... stdout F text\n"; text without a new line goes on
// in the next entry ("P"). Nothing for what is no such entry: the torn end of a file after a power failure.
std::optional<std::string> log_line(std::string_view entry);

class LogCopy {
 public:
  // `source` and `target` are files; `state` is where the beginning is written down.
  LogCopy(std::string source, std::string target, std::string state)
      : source_(std::move(source)), target_(std::move(target)), state_(std::move(state)) {}
  ~LogCopy();
  LogCopy(const LogCopy&) = delete;
  LogCopy& operator=(const LogCopy&) = delete;

  // For a container that has just been started: what is at `target` already is somebody else's and stays before it.
  // Without this call it is what was copied before.
  base::Result<void> begin();
  // Copies some of what is there. False when there was nothing more, for now.
  base::Result<bool> step();
  // Goes on in a new file at `target`, after the old one was moved away.
  base::Result<void> reopen();
  // Of a container that is removed.
  void forget();

  const std::string& source() const { return source_; }

 private:
  struct Beginning {
    int64_t offset = 0;  // in the source, of the first entry in the target...
    uint64_t inode = 0;  // ...which is this file
    int64_t bytes = 0;   // that the target had before
  };
  base::Result<void> open();
  base::Result<bool> advance();
  base::Result<void> open_target();
  base::Result<void> note_beginning(int64_t offset) const;
  std::optional<Beginning> read_beginning() const;
  int64_t bytes_set_aside(const std::optional<Beginning>& beginning) const;
  base::Result<void> write(std::string_view lines);
  bool was_rotated() const;
  void close_files();

  const std::string source_, target_, state_;

  std::mutex mutex_;  // all below
  int from_ = -1, to_ = -1;
  int64_t read_at_ = 0;  // next byte of the source
  std::string pending_;  // read, and not yet a whole entry
  int64_t skip_ = 0;     // bytes that the target has already
};

}  // namespace kubelet::docker
