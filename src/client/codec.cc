#include "client/codec.h"

#include "base/strings.h"
#include "schema/json.h"
#include "schema/protobuf.h"
#include "schema/wire.h"

namespace client {
namespace {

using api::meta_v1::ObjectMeta;
using api::meta_v1::PartialObjectMetadata;
using base::Code;
using base::Result;
using schema::Object;

Result<Object> decode_as(const schema::Type& type, std::string_view content_type, std::string_view body) {
  if (content_type.starts_with(kProtobuf)) {
    TRY(schema::Envelope envelope, schema::open_envelope(body));
    if (envelope.kind != type.name) {
      return base::fail(Code::NotAcceptable, base::cat({"the body is a ", envelope.kind, ", not a ", type.name}));
    }
    return schema::decode_protobuf(type, envelope.raw);
  }
  if (content_type.starts_with(kJson)) {
    TRY(schema::TypeMeta meta, schema::read_type_meta(body));
    if (!meta.kind.empty() && meta.kind != type.name) {
      return base::fail(Code::NotAcceptable, base::cat({"the body is a ", meta.kind, ", not a ", type.name}));
    }
    return schema::decode_json(type, body);
  }
  return base::fail(Code::NotAcceptable, base::cat({"cannot read a body of type \"", content_type, "\""}));
}

}  // namespace

Result<Object> decode(const schema::Type& type, const Raw& raw) {
  TRY(Object object, raw.form == Raw::Form::Json ? schema::decode_json(type, raw.bytes.view())
                                                 : schema::decode_protobuf(type, raw.bytes.view()));
  if (raw.revision != 0) object.meta().resource_version = std::to_string(raw.revision);
  return object;
}

// Every kind has its metadata in field 1, as PartialObjectMetadata has; it skips the rest.
Result<ObjectMeta> decode_meta(const Raw& raw) {
  PartialObjectMetadata partial;
  TRY(raw.form == Raw::Form::Json
          ? schema::decode_json_into(PartialObjectMetadata::kType, &partial, raw.bytes.view())
          : schema::decode_protobuf_into(PartialObjectMetadata::kType, &partial, raw.bytes.view()));
  if (raw.revision != 0) partial.metadata.resource_version = std::to_string(raw.revision);
  return std::move(partial.metadata);
}

Result<Identity> read_identity(const Raw& raw) {
  Identity identity;
  if (raw.form == Raw::Form::Json) {
    TRY(auto meta, decode_meta(raw));
    identity.key = {std::move(meta.namespace_), std::move(meta.name)};
    identity.resource_version = std::move(meta.resource_version);
    return identity;
  }
  // Numbers of fields of ObjectMeta, which is field 1 of every kind.
  constexpr uint32_t kMetadata = 1, kName = 1, kNamespace = 3, kResourceVersion = 6;
  std::string_view metadata = schema::find_bytes(raw.bytes.view(), {kMetadata});
  std::string_view name = schema::find_bytes(metadata, {kName});
  if (name.data() == nullptr) return base::fail(Code::Invalid, "the message of an object has no name");
  identity.key = {std::string(schema::find_bytes(metadata, {kNamespace})), std::string(name)};
  identity.resource_version =
      raw.revision != 0 ? std::to_string(raw.revision) : std::string(schema::find_bytes(metadata, {kResourceVersion}));
  return identity;
}

base::Bytes encode_message(const Object& object) {
  return base::Bytes(schema::encode_protobuf(object.type(), object.data()));
}
base::Bytes encode_body(const Object& object) {
  return base::Bytes(schema::encode_envelope(object));
}

Result<Object> decode_reply(const schema::Type& type, const Reply& reply) {
  return decode_as(type, reply.content_type, reply.body.view());
}

Result<Object> decode_body(const schema::Type& type, const Call& call) {
  return decode_as(type, call.content_type, call.body.view());
}

}  // namespace client
