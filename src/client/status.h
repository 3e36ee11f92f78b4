// Reading the answers that say no.
#pragma once

#include "base/result.h"
#include "client/transport.h"
#include "io/loop.h"
#include "schema/status.h"

namespace client {

// The Error of an answer that is not 2xx: its Status, or, when it carries none, what the HTTP code says.
base::Error error_of(const Reply& reply);

// How long the server asks us to wait before the next try; zero if it does not say.
io::Duration retry_after(const base::Error& error);

inline bool is(const base::Error& error, base::Code code) {
  return error.code() == code;
}
// The same for a failed Result: is(result, Code::NotFound).
template <class T>
bool is(const base::Result<T>& result, base::Code code) {
  return !result && result.error().code() == code;
}

// The namespace is going away: what cannot be created there now never can be.
bool is_namespace_terminating(const base::Error& error);

}  // namespace client
