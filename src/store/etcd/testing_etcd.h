// For tests: a real etcd of one's own, with its data in a temporary folder. Gone with the object.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "io/process.h"
#include "io/task.h"

namespace store::testing {

class Etcd {
 public:
  // False where no etcd is installed; tests then skip.
  static bool is_installed();
  // Starts it and waits until it answers.
  static io::Task<base::Result<std::unique_ptr<Etcd>>> start();
  ~Etcd();

  const std::string& endpoint() const { return endpoint_; }  // "http://127.0.0.1:41231"
  // Ends the process at once, as a crash would, and begins it again with the same data and endpoint.
  io::Task<base::Result<void>> restart();
  // The two halves of that.
  io::Task<void> stop();
  io::Task<base::Result<void>> start_again() { return launch(); }

 private:
  Etcd() = default;
  io::Task<base::Result<void>> launch();

  std::string directory_;
  std::string endpoint_;
  std::string peer_endpoint_;
  std::unique_ptr<io::Process> process_;
};

}  // namespace store::testing
