// Everything served that is no resource: discovery, version, health, metrics, the keys of service accounts' tokens.
#pragma once

#include <string_view>

#include "apiserver/aggregation/remote_version.h"
#include "apiserver/pipeline/response.h"
#include "apiserver/registry/call.h"
#include "io/http.h"
#include "io/task.h"

namespace apiserver {

class FlowControl;
class Registry;
class ServerMetrics;
struct ServerOptions;

struct PathContext {
  const ServerOptions& options;
  Registry& registry;
  std::shared_ptr<const RemoteVersions> remote;
  ServerMetrics& metrics;
  const FlowControl& flow;
};

// Answers in every case; 404 when the path is none of ours.
io::Task<void> serve_path(PathContext context, const io::Request& request, const Call& call, Response& response);

// Upstream's plain answer to paths nobody knows.
void send_page_not_found(Response& response);

}  // namespace apiserver
