// How full volumes are whose keeper may take its time to say, or never answer: a driver, another machine. Asked at most
// once a minute (every ten seconds while it does not say), and never waited for longer than two seconds: then what was
// said last counts. One loop.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "io/loop.h"
#include "io/task.h"
#include "stats/filesystem.h"

namespace kubelet {

class SlowUsage {
 public:
  using Usage = std::optional<stats::FilesystemUsage>;  // nothing: it does not say

  // Of the volume at `path`; `ask` asks its keeper.
  io::Task<Usage> get(std::string path, std::function<io::Task<Usage>()> ask);
  void forget(const std::string& path) { known_.erase(path); }

 private:
  struct Known {
    Usage usage;
    std::optional<int64_t> at_ns;  // nothing: never
    bool under_way = false;
    io::Event done;
  };
  static io::Task<void> ask_once(std::function<io::Task<Usage>()> ask, std::shared_ptr<Known> known);

  std::map<std::string, std::shared_ptr<Known>> known_;  // by path
  io::Scope scope_;
};

}  // namespace kubelet
