// Where the events of a watch go: the body of the answer, or a WebSocket that was asked for. One loop.
#pragma once

#include <memory>
#include <vector>

#include "apiserver/pipeline/negotiate.h"
#include "apiserver/pipeline/response.h"
#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "io/http.h"
#include "io/task.h"

namespace apiserver {

class EventSink {
 public:
  // Sends the head of the answer. On failure the request has been answered.
  static base::Result<std::unique_ptr<EventSink>> open(const io::Request& request, Response& response, MediaType media,
                                                       base::Random& random);
  virtual ~EventSink() = default;

  // Events as Renderer::render_event() makes them, of what happened together. False: the client has gone.
  virtual io::Task<bool> write(std::vector<base::Bytes> events) = 0;
  // The proper end.
  virtual io::Task<void> finish() = 0;
  // Whether left() comes back when the client leaves. It needs not for a body, whose handler is cancelled then.
  virtual bool tells_when_left() const = 0;
  virtual io::Task<void> left() = 0;
};

}  // namespace apiserver
