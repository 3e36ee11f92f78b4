// Streams between a client of the kubelet's server and the runtime: commands, and ports of pods. One loop.
#pragma once

#include <string>
#include <vector>

#include "io/http.h"
#include "io/remote_command.h"
#include "kubelet/runtime/runtime.h"

namespace kubelet {

class Streams {
 public:
  explicit Streams(Runtime& runtime) : runtime_(runtime) {}  // borrowed

  // Runs the command in the container (or attaches to what runs there, if not `exec`) until it ends or the client goes.
  io::Task<void> serve_command(bool exec, std::string container, std::vector<std::string> command,
                               const io::Request& request, io::ResponseWriter& writer);
  io::Task<void> serve_port_forward(std::string sandbox, const io::Request& request, io::ResponseWriter& writer);

 private:
  io::Task<base::Result<std::string>> command_url(bool exec, std::string container, std::vector<std::string> command,
                                                  io::RemoteCommandOptions wanted);

  Runtime& runtime_;
};

}  // namespace kubelet
