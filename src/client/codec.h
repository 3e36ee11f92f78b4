// Between the wire and structs: what a client sends and gets, in the media types of the API.
#pragma once

#include <string>

#include "api/meta_v1.h"
#include "base/result.h"
#include "client/key.h"
#include "client/transport.h"
#include "schema/object.h"

namespace client {

inline constexpr std::string_view kProtobuf = "application/vnd.kubernetes.protobuf";
inline constexpr std::string_view kJson = "application/json";

// The object in `raw`, as a `type`, with its resource version.
base::Result<schema::Object> decode(const schema::Type& type, const Raw& raw);
// Its metadata alone: whatever the kind, without the cost of the rest.
base::Result<api::meta_v1::ObjectMeta> decode_meta(const Raw& raw);

// Which object it is, and at which resource version; what caches look at first.
struct Identity {
  Key key;
  std::string resource_version;
};
base::Result<Identity> read_identity(const Raw& raw);

// The message of an object: what Raw carries.
base::Bytes encode_message(const schema::Object& object);

// A request body: the envelope "k8s\0", kind and message.
base::Bytes encode_body(const schema::Object& object);
// The answer of a 2xx. NotAcceptable when it is of another kind (a Status, say) or in another media type.
base::Result<schema::Object> decode_reply(const schema::Type& type, const Reply& reply);
// The other side: the body of a call, for servers of tests.
base::Result<schema::Object> decode_body(const schema::Type& type, const Call& call);

}  // namespace client
