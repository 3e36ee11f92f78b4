// Keeps somebody current about a collection: lists it, watches from there, and goes on for ever. What informers, and
// readers that keep only a little of each object, are built on. One loop.
#pragma once

#include <string>
#include <vector>

#include "client/client.h"

namespace client {

class Sink {
 public:
  virtual ~Sink() = default;
  // Everything there is now; what is not in it is gone.
  virtual void replace(std::vector<Raw> items, std::string resource_version) = 0;
  // One change. Returns the object's resource version. Never a bookmark.
  virtual std::string apply(RawEvent event) = 0;
};

// Lists `target` (a collection, without a query) page by page and watches it. A watch that ends is taken up where it
// ended; Expired, or an answer that makes no sense, means a new list. Failures are retried after 100 ms, doubled up to
// 30 s, spread. Never returns; cancel it. `sink` outlives it.
io::Task<void> reflect(Client client, std::string target, ListOptions selectors, Sink& sink);

}  // namespace client
