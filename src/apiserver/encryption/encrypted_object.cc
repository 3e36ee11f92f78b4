#include "apiserver/encryption/encrypted_object.h"

#include "base/strings.h"
#include "schema/wire.h"

namespace apiserver::encryption {
namespace {

enum Field : uint32_t { kData = 1, kKeyId = 2, kSource = 3, kAnnotations = 4, kSourceType = 5 };
enum MapField : uint32_t { kMapKey = 1, kMapValue = 2 };

constexpr size_t kKeyIdBytesMax = 1024;
constexpr size_t kSourceBytesMax = 1024;
constexpr size_t kAnnotationsBytesMax = 32 * 1024;

std::unexpected<base::Error> wrong(std::initializer_list<std::string_view> why) {
  return base::fail(base::Code::Internal, base::cat(why));
}

void put_bytes(schema::WireWriter& writer, uint32_t number, std::string_view bytes) {
  size_t before = writer.size();
  writer.put(bytes);
  writer.close(number, before);
}

}  // namespace

std::string_view key_id_complaint(std::string_view key_id) {
  if (key_id.empty()) return "empty";
  return key_id.size() > kKeyIdBytesMax ? "too_long" : "ok";
}

std::string EncryptedObject::to_protobuf() const {
  schema::WireWriter writer;
  if (source_type != SourceType::Key) {
    writer.put_varint(static_cast<uint64_t>(source_type));
    writer.put_tag(kSourceType, schema::WireType::Varint);
  }
  for (auto one = annotations.rbegin(); one != annotations.rend(); ++one) {
    size_t before = writer.size();
    put_bytes(writer, kMapValue, one->second);
    put_bytes(writer, kMapKey, one->first);
    writer.close(kAnnotations, before);
  }
  put_bytes(writer, kSource, encrypted_source);
  put_bytes(writer, kKeyId, key_id);
  put_bytes(writer, kData, data);
  return std::string(writer.view());
}

base::Result<EncryptedObject> EncryptedObject::from_protobuf(std::string_view text) {
  EncryptedObject object;
  object.source_type = SourceType::Key;
  schema::WireReader reader(text);
  schema::WireField field;
  while (reader.next(field)) {
    if (field.number == kData) object.data = field.bytes;
    if (field.number == kKeyId) object.key_id = field.bytes;
    if (field.number == kSource) object.encrypted_source = field.bytes;
    if (field.number == kAnnotations) {
      object.annotations.insert_or_assign(std::string(schema::find_bytes(field.bytes, {kMapKey})),
                                          std::string(schema::find_bytes(field.bytes, {kMapValue})));
    }
    if (field.number == kSourceType) {
      if (field.integer > static_cast<uint64_t>(SourceType::Seed)) {
        return wrong({"unknown encryptedDEKSourceType: ", std::to_string(field.integer)});
      }
      object.source_type = static_cast<SourceType>(field.integer);
    }
  }
  if (reader.failed()) return wrong({"proto: cannot parse invalid wire-format data"});
  if (object.data.empty()) return wrong({"encrypted data is empty"});
  TRY(object.check());
  return object;
}

base::Result<void> EncryptedObject::check() const {
  if (encrypted_source.empty())
    return wrong({"failed to validate encrypted DEK source: encrypted DEK source is empty"});
  if (encrypted_source.size() > kSourceBytesMax) {
    return wrong({"failed to validate encrypted DEK source: encrypted DEK source is ",
                  std::to_string(encrypted_source.size()), " bytes, which exceeds the max size of ",
                  std::to_string(kSourceBytesMax)});
  }
  if (auto complaint = key_id_complaint(key_id); complaint != "ok") {
    return wrong({"failed to validate key id: keyID is ", complaint == "empty" ? "empty" : "too long"});
  }
  size_t bytes = 0;
  for (const auto& [key, value] : annotations) bytes += key.size() + value.size();
  if (bytes > kAnnotationsBytesMax) {
    return wrong({"failed to validate annotations: annotations are ", std::to_string(bytes),
                  " bytes, which exceeds the max size of ", std::to_string(kAnnotationsBytesMax)});
  }
  return {};
}

}  // namespace apiserver::encryption
