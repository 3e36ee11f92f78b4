// The node's own logs (/var/log) as a file server shows them: folders as lists of links, files as they are. Blocking,
// short. Links are followed: those of /var/log/containers lead to the logs of pods.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "io/http.h"
#include "io/task.h"

namespace kubelet {

struct NodeLogPage {
  std::string redirect;  // where to look instead; "" nowhere
  std::string type;      // of the content
  std::string text;      // of a folder
  std::string file;      // to be sent, of `bytes`; "" a folder
  uint64_t bytes = 0;
};

// What `path` ("/logs/pods/x/0.log", decoded) shows of `root`. NotFound for what is not there, or no plain file.
base::Result<NodeLogPage> read_node_log(const std::string& root, std::string_view path);

// A part of a file; "" behind its end.
base::Result<std::string> read_part(const std::string& file, uint64_t offset, uint64_t bytes);

struct NodeLogOptions {
  std::string root;    // "": nothing is shown
  bool query = false;  // the logs of services may be asked for (server/log_query.h)
};
// Answers a request for `path`, as it was written. 405 when there is no root.
io::Task<void> serve_node_log(NodeLogOptions options, std::string path, std::string query, io::ResponseWriter& writer);

}  // namespace kubelet
