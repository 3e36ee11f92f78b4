// A runtime that a real daemon stands behind, and the few words that claims about it are made of. What runs the daemon
// (tests/runtime/run) says where it is:
//   RUNTIME        "cri" or "docker"
//   ENDPOINT       "unix:///..."
//   PLACE          a folder of ours, with cni/ in it
//   CGROUP_PARENT  "/nv-..."
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "api/cri.h"
#include "base/log.h"
#include "base/result.h"
#include "io/loop.h"
#include "io/pool.h"
#include "io/remote_command.h"
#include "kubelet/runtime/runtime.h"

namespace kubelet {

using namespace std::chrono_literals;

inline constexpr const char* kBox = "navarch.local/box:test";

class Contract : public testing::Test {
 protected:
  Contract();
  ~Contract() override;  // takes all sandboxes down

  // What is there after the kubelet was restarted.
  void restart();

  template <class T>
  auto run(io::Task<T> task) {
    return loop_->run_task(std::move(task));
  }
  // The value of a call that must succeed.
  template <class T>
  T get(io::Task<base::Result<T>> task) {
    auto result = run(std::move(task));
    if (!result) ADD_FAILURE() << result.error().message();
    if constexpr (!std::is_void_v<T>) return result ? std::move(*result) : T();
  }
  template <class Holds>
  bool wait_for(Holds holds, io::Duration most = 30s) {
    int64_t end = base::system_clock().monotonic_ns() + most.count();
    while (!holds()) {
      if (base::system_clock().monotonic_ns() > end) return false;
      run(pause());
    }
    return true;
  }

  cri::PodSandboxConfig pod(const std::string& name) const;
  static cri::ContainerConfig container(const std::string& name, const std::string& script);
  std::string start_pod(const cri::PodSandboxConfig& pod) { return get(runtime_->run_sandbox(pod, "")); }
  std::string start(const cri::PodSandboxConfig& pod, const std::string& sandbox, const cri::ContainerConfig& config);
  // A pod with one container that runs.
  std::string start(const std::string& name, const std::string& script);

  cri::ContainerStatus status(const std::string& id) { return get(runtime_->container_status(id)); }
  cri::ContainerStatus wait_end(const std::string& id);
  std::string log_path(const std::string& pod, const std::string& container = "main") const;
  // The texts of a log's lines, partial ones joined; "stderr" lines are marked with "! ".
  std::string log(const std::string& path) const;
  // What a command in the container prints.
  std::string output(const std::string& id, const std::string& script);
  // Through the URL of an exec or attach: what it printed and how it ended.
  std::string talk(const std::string& url, io::RemoteCommandOptions options, const std::string& input);

  // As `docker rm --force` does.
  void remove_behind_its_back(const std::string& id);

  static bool is_docker();
  static std::string place();

  std::unique_ptr<io::Loop> loop_;
  std::unique_ptr<io::Loop::Entered> entered_;
  std::unique_ptr<io::Pool> pool_;
  std::unique_ptr<Runtime> runtime_;

 private:
  static io::Task<void> pause() { co_await io::sleep(10ms); }
};

}  // namespace kubelet
