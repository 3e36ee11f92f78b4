// Audit events in a file, one a line.
#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include "apiserver/audit/sink.h"
#include "base/mutex.h"
#include "base/result.h"

namespace apiserver {

// One event a line, at the end of a file; "-" is the standard output. When the file would exceed its size it is put
// aside under a name with the time; of those the oldest beyond `backups_max` and those older than `days_max` are
// removed.
class AuditLog final : public AuditBackend {
 public:
  struct Options {
    std::string path;
    size_t bytes_max = size_t{100} << 20;  // 0: no bound
    size_t backups_max = 0;                // 0: any number
    int64_t days_max = 0;                  // 0: for ever
    bool compresses = false;               // what is put aside, with gzip
  };
  // `clock` is borrowed.
  static base::Result<std::unique_ptr<AuditLog>> open(Options options, const base::Clock& clock);
  ~AuditLog() override;
  io::Task<bool> write(std::vector<std::string> events) override;
  Now write_now(const std::string& event) override;

 private:
  AuditLog(Options options, const base::Clock& clock, int fd, size_t bytes)
      : options_(std::move(options)), clock_(clock), fd_(fd), bytes_(bytes) {}
  bool append(std::string_view lines);
  void rotate() REQUIRES(mutex_);
  void remove_old(const std::string& directory, const std::string& stem, const std::string& extension) const;

  const Options options_;
  const base::Clock& clock_;
  base::Mutex mutex_;
  int fd_ GUARDED_BY(mutex_);
  size_t bytes_ GUARDED_BY(mutex_);
};

}  // namespace apiserver
