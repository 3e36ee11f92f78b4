// Keeps containers that share processors off those that were given to others alone, and on those that are free again.
// One loop.
#pragma once

#include <map>
#include <string>

#include "io/loop.h"
#include "kubelet/alignment/alignment.h"
#include "kubelet/pods/pods.h"
#include "kubelet/runtime/runtime.h"

namespace kubelet {

class SharedCpus {
 public:
  // All borrowed.
  SharedCpus(Alignment& alignment, const Pods& pods, Runtime& runtime);
  SharedCpus(const SharedCpus&) = delete;

  // Until cancelled. Does nothing while nothing changes.
  io::Task<void> run();

 private:
  io::Task<bool> bring_up_to_date();  // false: some could not be told

  Alignment& alignment_;
  const Pods& pods_;
  Runtime& runtime_;
  std::map<std::string, std::string> told_;  // by container id
  io::Event changed_;
};

}  // namespace kubelet
