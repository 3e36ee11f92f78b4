// What is behind an object's subresources other than status, and behind resources that are not stored: one function
// each, one line each in the list.
#pragma once

#include <string_view>

#include "apiserver/registry/registry.h"
#include "apiserver/server.h"

namespace apiserver {

// What handlers work with. Borrowed; lives as long as the server.
struct Desk {
  Registry& registry;
  const ServerOptions& options;
};

using Handler = io::Task<base::Result<Answer>> (*)(Desk desk, Call& call, const Served& served);

// Of a subresource (verb "get", "update", "patch", "create"), or of a resource that is not stored (`subresource` "").
// Null when there is none.
Handler find_handler(const Served& served, std::string_view subresource);

}  // namespace apiserver
