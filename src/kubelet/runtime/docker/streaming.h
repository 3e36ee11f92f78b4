// Serves what a runtime of the CRI serves at the URLs it gives away for exec, attach and port-forward: the kubelet's
// server connects to it as it does to theirs. On a port of 127.0.0.1; each URL holds a token that is good once, for a
// minute. One loop.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "api/cri.h"
#include "base/random.h"
#include "base/result.h"
#include "io/http_server.h"
#include "io/pool.h"
#include "io/remote_command.h"
#include "io/task.h"
#include "kubelet/runtime/docker/engine.h"

namespace kubelet::docker {

namespace cri = ::api::cri;

class Streaming {
 public:
  // All outlive it. On the loop that it serves on.
  static base::Result<std::unique_ptr<Streaming>> create(Engine& engine, io::Pool& pool);
  ~Streaming();
  Streaming(const Streaming&) = delete;
  Streaming& operator=(const Streaming&) = delete;

  // URLs. TooManyRequests when as many as kOffersMax wait to be used.
  base::Result<std::string> exec(cri::ExecRequest request);
  // `input_once`: the container's input ends with the first who is attached.
  base::Result<std::string> attach(cri::AttachRequest request, bool input_once);
  // `process`: of the sandbox, whose network it is.
  base::Result<std::string> port_forward(int64_t process);

  static constexpr size_t kOffersMax = 1000;

 private:
  struct Offer {
    enum class Kind : uint8_t { Exec, Attach, PortForward } kind = Kind::Exec;
    cri::ExecRequest exec;  // of an attach without the command
    bool input_once = false;
    int64_t process = 0;
    int64_t until_ns = 0;
  };
  Streaming(Engine& engine, io::Pool& pool) : engine_(engine), pool_(pool) {}
  base::Result<std::string> offer(Offer what);
  io::Task<void> serve(const io::Request& request, io::ResponseWriter& writer);
  io::Task<void> serve_command(Offer offer, const io::Request& request, io::ResponseWriter& writer);
  io::Task<void> serve_ports(int64_t process, const io::Request& request, io::ResponseWriter& writer);

  Engine& engine_;
  io::Pool& pool_;
  std::map<std::string, Offer, std::less<>> offers_;
  std::unique_ptr<io::HttpServer> http_;
};

}  // namespace kubelet::docker
