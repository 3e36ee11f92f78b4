// Questions that others answer.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "io/http.h"
#include "io/socket.h"
#include "io/task.h"

namespace dns {

// Messages on a TCP connection: two bytes of length, then that many.
class MessageStream {
 public:
  explicit MessageStream(std::unique_ptr<io::Stream> stream) : stream_(std::move(stream)) {}
  // "" at the end.
  io::Task<base::Result<std::string>> read();
  io::Task<base::Result<void>> write(std::string message);

 private:
  std::unique_ptr<io::Stream> stream_;
  std::string pending_;
};

// Sends the packet to each resolver in turn until one answers, over TCP when `stream`, and gives its answer with the
// packet's own id. Under another id, and from another port each time: who does not see the question cannot answer it.
// Unavailable when none does.
io::Task<base::Result<std::string>> forward(std::string packet, const std::vector<io::Address>& resolvers, bool stream,
                                            base::Random& random);

}  // namespace dns
