// A request that the server makes of itself, as system:apiserver.
#pragma once

#include <string_view>

#include "api/meta_v1.h"
#include "apiserver/registry/call.h"
#include "apiserver/registry/served.h"

namespace apiserver {

// `verb` is "create" or "update".
Call own_call(const Served& served, const api::meta_v1::ObjectMeta& metadata, std::string_view verb);

}  // namespace apiserver
