// A byte proxy between two streams, and an upgrade passed on from one HTTP/1.1 connection to another.
#pragma once

#include <memory>

#include "base/result.h"
#include "io/http.h"
#include "io/loop.h"
#include "io/task.h"

namespace io {

// Copies until `from` ends, then finishes `to`. The error of either side; neither is closed.
Task<base::Result<void>> copy(Stream& from, Stream& to);

// Copies both ways. The end of one direction is passed on with finish(); the other may then go on for `grace`. Both are
// closed in the end, at once after an error. Both outlive the task.
// As long as a slow reader may need for what was already sent.
inline constexpr Duration kSpliceGrace = std::chrono::minutes(15);
Task<void> splice(Stream& a, Stream& b, Duration grace = kSpliceGrace);

// What a server said to a request to upgrade.
struct UpgradeAnswer {
  Response head;
  std::string body;                // of an answer that is not 101; at most kUpgradeBodyBytesMax
  std::unique_ptr<Stream> stream;  // set if the answer is 101: what follows the head
};
inline constexpr size_t kUpgradeHeadBytesMax = 64 * 1024;
inline constexpr size_t kUpgradeBodyBytesMax = 64 * 1024;

// Sends `request` (its headers as they are, and "host" from authority) with `body` over a fresh HTTP/1.1 connection and
// reads the answer's head. BadRequest when the answer is not HTTP.
Task<base::Result<UpgradeAnswer>> upgrade(std::unique_ptr<Stream> connection, Request request, std::string body = {});

// Passes an upgrade on: sends `request` to `backend`; a 101 is given to the client and the two connections are
// spliced, any other answer is given to the client as it is. `request` is what the backend shall see; hop-by-hop
// headers of the client's request belong in it. Answers 502 when the backend cannot be spoken to.
Task<void> forward_upgrade(Request request, std::unique_ptr<Stream> backend, ResponseWriter& writer);

}  // namespace io
