// How a client reaches an API server: over TLS, or in the same process past the socket but through the same pipeline.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "io/task.h"

namespace client {

// One object in its protobuf form (custom resources: JSON), shared with whoever else holds it: in one process these are
// the very bytes of the store.
struct Raw {
  enum class Form : uint8_t { Protobuf, Json };
  base::Bytes bytes;      // the message without the "k8s\0" envelope
  uint64_t revision = 0;  // the resource version, when the bytes do not carry it (0: they do)
  Form form = Form::Protobuf;
};

struct RawPage {
  std::vector<Raw> items;
  std::string resource_version;
  std::string continue_token;
};

struct RawEvent {
  enum class Kind : uint8_t { Added, Modified, Deleted, Bookmark };
  Kind kind = Kind::Added;
  Raw object;
};

// A running watch. An Error Status from the server (410 Expired and the like) ends it as that Error; Closed when the
// server ended it in good order (its time was up): watch again from the last resource version.
class RawWatch {
 public:
  virtual ~RawWatch() = default;
  virtual io::Task<base::Result<std::vector<RawEvent>>> next() = 0;
};

struct Call {
  std::string method;        // "POST"
  std::string target;        // path and query, escaped
  std::string content_type;  // of the body
  base::Bytes body;
  std::string accept = "application/vnd.kubernetes.protobuf,application/json";
};

struct Reply {
  int status = 0;
  std::string content_type;
  base::Bytes body;
};

// One loop. Every transport has its identity (certificate, token, or a name inside the process).
class Transport {
 public:
  virtual ~Transport() = default;
  // Any HTTP status is a Reply; an Error means that no answer came (Unavailable, Timeout, Closed).
  virtual io::Task<base::Result<Reply>> call(Call call) = 0;
  // GET of a list or a watch by its target. Statuses other than 200 come back as the Error that their Status says.
  virtual io::Task<base::Result<RawPage>> list(std::string target) = 0;
  virtual io::Task<base::Result<std::unique_ptr<RawWatch>>> watch(std::string target) = 0;
};

}  // namespace client
