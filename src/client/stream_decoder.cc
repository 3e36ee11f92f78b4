#include "client/stream_decoder.h"

#include "base/json.h"
#include "base/strings.h"
#include "client/codec.h"
#include "client/status.h"
#include "schema/json.h"
#include "schema/protobuf.h"
#include "schema/wire.h"

namespace client {
namespace {

using base::Code;
using base::Result;

Result<RawEvent::Kind> kind_of(std::string_view type) {
  if (type == "ADDED") return RawEvent::Kind::Added;
  if (type == "MODIFIED") return RawEvent::Kind::Modified;
  if (type == "DELETED") return RawEvent::Kind::Deleted;
  if (type == "BOOKMARK") return RawEvent::Kind::Bookmark;
  return base::fail(Code::Internal, base::cat({"watch: unknown event \"", type, "\""}));
}

// The fields of a message but those that are left out.
template <class Leave>
void append_fields(std::string& out, std::string_view message, Leave leave) {
  schema::WireReader reader(message);
  schema::WireField field;
  for (const char* from = reader.at(); reader.next(field); from = reader.at()) {
    if (!leave(field)) out.append(from, reader.at());
  }
}

// An object as caches keep it, in bytes of its own. Who set which field takes a third of a pod, and only servers ask.
base::Bytes kept(std::string_view object) {
  constexpr uint32_t kMetadata = 1, kManagedFields = 17;
  std::string_view metadata = schema::find_bytes(object, {kMetadata});
  if (schema::find_bytes(metadata, {kManagedFields}).data() == nullptr) return base::Bytes(std::string(object));
  std::string fields;
  fields.reserve(metadata.size());
  append_fields(fields, metadata, [](const schema::WireField& field) { return field.number == kManagedFields; });
  schema::WireWriter head;
  head.put(fields);
  head.close(kMetadata, 0);
  std::string out;
  out.reserve(object.size() - metadata.size() + head.size());
  out += head.view();
  append_fields(out, object, [](const schema::WireField& field) { return field.number == kMetadata; });
  return base::Bytes(std::move(out));
}

Result<RawPage> split_protobuf(base::Bytes body) {
  TRY(schema::Envelope envelope, schema::open_envelope(body.view()));
  RawPage page;
  schema::WireReader reader(envelope.raw);
  schema::WireField field;
  while (reader.next(field)) {
    if (field.number == 1) {
      TRY(auto meta, schema::from_protobuf<api::meta_v1::ListMeta>(field.bytes));
      page.resource_version = std::move(meta.resource_version);
      page.continue_token = std::move(meta.continue_);
    } else if (field.number == 2) {
      // A copy: an item that is kept must not keep the whole list.
      page.items.push_back({.bytes = kept(field.bytes)});
    }
  }
  if (reader.failed()) return base::fail(Code::Internal, "list: malformed message");
  return page;
}

Result<RawPage> split_json(std::string_view body) {
  RawPage page;
  base::JsonReader reader(body);
  std::string_view key, text;
  if (reader.enter_object()) {
    while (reader.next_key(key)) {
      if (key == "metadata") {
        if (!reader.read_raw(text)) break;
        TRY(auto meta, schema::from_json<api::meta_v1::ListMeta>(text));
        page.resource_version = std::move(meta.resource_version);
        page.continue_token = std::move(meta.continue_);
      } else if (key == "items" && reader.peek() == base::JsonKind::Array && reader.enter_array()) {
        while (reader.next_element()) {
          if (!reader.read_raw(text)) break;
          page.items.push_back({.bytes = base::Bytes(std::string(text)), .form = Raw::Form::Json});
        }
      } else {
        reader.skip_value();
      }
    }
  }
  TRY(reader.finish());
  return page;
}

}  // namespace

Result<RawPage> split_list(std::string_view content_type, base::Bytes body) {
  if (content_type.starts_with(kProtobuf)) return split_protobuf(std::move(body));
  return split_json(body.view());
}

WatchDecoder::WatchDecoder(std::string_view content_type) : protobuf_(content_type.starts_with(kProtobuf)) {}

Result<std::vector<RawEvent>> WatchDecoder::feed(std::string_view bytes) {
  std::vector<RawEvent> events;
  pending_ += bytes;
  size_t used = 0;
  if (protobuf_) {
    while (pending_.size() - used >= 4) {
      size_t length = 0;
      for (size_t i = 0; i < 4; i++) length = length << 8 | static_cast<uint8_t>(pending_[used + i]);
      if (length > kFrameMax) return base::fail(Code::TooLarge, "watch: an event is too large");
      if (pending_.size() - used - 4 < length) break;
      auto taken = take_protobuf(std::string_view(pending_).substr(used + 4, length), events);
      // What came before the end is still good.
      if (!taken && events.empty()) return base::fail(taken.error());
      if (!taken) break;
      used += 4 + length;
    }
    pending_.erase(0, used);
    return events;
  }
  for (size_t length = scan_json(); length != std::string::npos; length = scan_json()) {
    std::string_view text = base::trim(std::string_view(pending_).substr(0, length));
    if (!text.empty()) {
      auto taken = take_json(text, events);
      if (!taken && events.empty()) return base::fail(taken.error());
      if (!taken) {
        scanned_ = 0;
        break;
      }
    }
    pending_.erase(0, length);
    scanned_ = 0;
  }
  if (pending_.size() > kFrameMax) return base::fail(Code::TooLarge, "watch: an event is too large");
  return events;
}

size_t WatchDecoder::scan_json() {
  for (; scanned_ < pending_.size(); scanned_++) {
    char letter = pending_[scanned_];
    if (in_string_) {
      if (escaped_) {
        escaped_ = false;
      } else if (letter == '\\') {
        escaped_ = true;
      } else if (letter == '"') {
        in_string_ = false;
      }
    } else if (letter == '"') {
      in_string_ = true;
    } else if (letter == '{') {
      depth_++;
    } else if (letter == '}' && --depth_ == 0) {
      return scanned_ + 1;
    }
  }
  return std::string::npos;
}

Result<void> WatchDecoder::take_protobuf(std::string_view frame, std::vector<RawEvent>& events) {
  std::string_view type = schema::find_bytes(frame, {1});
  std::string_view object = schema::find_bytes(frame, {2, 1});
  if (type == "ERROR") {
    TRY(schema::Envelope envelope, schema::open_envelope(object));
    TRY(auto status, schema::from_protobuf<api::meta_v1::Status>(envelope.raw));
    return base::fail(schema::error_of(std::move(status)));
  }
  TRY(RawEvent::Kind kind, kind_of(type));
  TRY(schema::Envelope envelope, schema::open_envelope(object));
  events.push_back({.kind = kind, .object = {.bytes = kept(envelope.raw)}});
  return {};
}

Result<void> WatchDecoder::take_json(std::string_view text, std::vector<RawEvent>& events) {
  base::JsonReader reader(text);
  std::string_view key, object;
  std::string type;
  if (reader.enter_object()) {
    while (reader.next_key(key)) {
      if (key == "type") {
        std::string_view value;
        if (reader.read_string(value)) type = value;
      } else if (key == "object") {
        reader.read_raw(object);
      } else {
        reader.skip_value();
      }
    }
  }
  TRY(reader.finish());
  if (type == "ERROR") {
    TRY(auto status, schema::from_json<api::meta_v1::Status>(object));
    return base::fail(schema::error_of(std::move(status)));
  }
  TRY(RawEvent::Kind kind, kind_of(type));
  events.push_back({.kind = kind, .object = {.bytes = base::Bytes(std::string(object)), .form = Raw::Form::Json}});
  return {};
}

}  // namespace client
