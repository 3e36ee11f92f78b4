// csi_driver NAME FOLDER REGISTRY: the storage driver of the test as a process, until it is ended. Its node is
// "node-1".
#include <csignal>
#include <cstdio>

#include "io/loop.h"
#include "kubelet/testing/fake_csi_driver.h"

int main(int argc, char** argv) {
  if (argc != 4) {
    fprintf(stderr, "usage: %s NAME FOLDER REGISTRY\n", argv[0]);
    return 2;
  }
  auto loop = io::Loop::create();
  if (!loop) return 1;
  io::Loop::Entered entered(**loop);
  std::string folder = argv[2];
  kubelet::FakeCsiDriver driver({.name = argv[1],
                                 .node_id = "node-1",
                                 .data = folder,
                                 .socket = folder + "/csi.sock",
                                 .registry = argv[3],
                                 .binds = true});
  if (auto started = driver.start(); !started) {
    fprintf(stderr, "%s\n", started.error().message().c_str());
    return 1;
  }
  (*loop)->run();
}
