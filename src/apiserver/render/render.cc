#include "apiserver/render/render.h"

#include <algorithm>

#include "api/meta_v1.h"
#include "apiserver/pipeline/errors.h"
#include "apiserver/registry/wire.h"
#include "apiserver/table/table.h"
#include "base/strings.h"
#include "schema/convert.h"
#include "schema/json.h"
#include "schema/protobuf.h"
#include "schema/status.h"
#include "schema/value.h"
#include "schema/yaml.h"

namespace apiserver {
namespace {

namespace meta = api::meta_v1;

meta::Table make_table(const Served& served, const std::vector<schema::Object>& objects, base::Time now) {
  meta::Table made;
  const schema::Type& type = objects.empty() ? served.type() : objects[0].type();
  if (served.custom() != nullptr && type.form == schema::Form::Custom) {
    made.column_definitions = table::custom_columns(*served.custom());
    for (const auto& object : objects) made.rows.push_back(table::custom_row(*served.custom(), object, now));
    return made;
  }
  made.column_definitions = table::columns(served.row(), type);
  for (const auto& object : objects) made.rows.push_back(table::row(served.row(), object, now));
  return made;
}

// The items, of `type`, of a list that was made for the answer.
base::Result<std::vector<schema::Object>> items_of(const schema::Type& type, const schema::Object& list) {
  std::vector<schema::Object> items;
  schema::Value tree = schema::to_value(list);
  const schema::Value* found = tree.find("items");
  if (found == nullptr || !found->is_array()) return items;
  for (const schema::Value& item : found->as_array()) {
    TRY(auto object, schema::from_value(type, item));
    items.push_back(std::move(object));
  }
  return items;
}

std::string finish_json(std::string json, const Representation& representation) {
  if (representation.media == MediaType::Yaml) {
    auto value = schema::Value::parse(json);
    return value ? schema::to_yaml(*value) : json;
  }
  if (representation.pretty) return indent_json(json);
  json += '\n';
  return json;
}

std::string type_meta_json(std::string_view kind, std::string_view api_version) {
  return base::cat({"{\"kind\":\"", kind, "\",\"apiVersion\":\"", api_version, "\""});
}

base::Error wrong_view(std::string message) {
  meta::Status status;
  status.status = "Failure";
  status.code = 406;
  status.reason = "NotAcceptable";
  status.message = std::move(message);
  return schema::error_of(std::move(status));
}

// `body` is a JSON object without kind and apiVersion.
std::string with_type_meta(std::string_view kind, std::string_view api_version, std::string_view body) {
  std::string json = type_meta_json(kind, api_version);
  if (body.size() > 2) json += ',';
  json += body.substr(1);
  return json;
}

// An item with its kind and version.
std::string whole_json(const Served& served, std::string_view item) {
  if (served.custom() != nullptr) return std::string(item);
  return with_type_meta(served.row().kind, served.type().api_version(), item);
}

std::string meta_version(const Representation& representation) {
  return base::cat({"meta.k8s.io/", representation.view_version});
}

// Tables and partial metadata are written under the group they were asked for in, which is not that of their structs.
std::string encode_meta_kind(const schema::Type& type, const void* object, std::string_view kind,
                             const Representation& representation) {
  std::string version = meta_version(representation);
  if (representation.media == MediaType::Protobuf) {
    return schema::wrap_envelope(version, kind, schema::encode_protobuf(type, object));
  }
  std::string body;
  schema::append_json(body, type, object, schema::WithTypeMeta::No);
  return finish_json(with_type_meta(kind, version, body), representation);
}

std::string partial_json(const meta::ObjectMeta& metadata, const Representation& representation) {
  meta::PartialObjectMetadata partial;
  partial.metadata = metadata;
  std::string body;
  schema::append_json(body, meta::PartialObjectMetadata::kType, &partial, schema::WithTypeMeta::No);
  return with_type_meta("PartialObjectMetadata", meta_version(representation), body);
}

// Tables of later events leave their columns out, which shows as null.
void without_columns(std::string& json) {
  constexpr std::string_view kEmpty = "\"columnDefinitions\":[]";
  if (auto at = json.find(kEmpty); at != std::string::npos) json.replace(at + kEmpty.size() - 2, 2, "null");
}

std::string_view event_name(WatchItem::Kind kind) {
  switch (kind) {
    case WatchItem::Kind::Added:
      return "ADDED";
    case WatchItem::Kind::Modified:
      return "MODIFIED";
    case WatchItem::Kind::Deleted:
      return "DELETED";
    case WatchItem::Kind::Bookmark:
      return "BOOKMARK";
  }
  return "";
}

std::string json_frame(std::string_view type, std::string_view object) {
  return base::cat({"{\"type\":\"", type, "\",\"object\":", object, "}\n"});
}

// Upstream's framing of protobuf streams: four bytes of length, then a bare WatchEvent, whose object has its envelope.
std::string protobuf_frame(std::string_view type, std::string_view enveloped_object) {
  size_t raw_size = 1 + wire::varint_size(enveloped_object.size()) + enveloped_object.size();
  std::string head;
  wire::append_bytes(head, 1, type);
  wire::append_varint(head, 2 << 3 | 2);
  wire::append_varint(head, raw_size);
  std::string frame;
  frame.reserve(sizeof(uint32_t) + head.size() + raw_size);
  auto size = static_cast<uint32_t>(head.size() + raw_size);
  for (int shift = 24; shift >= 0; shift -= 8) frame += static_cast<char>(size >> shift & 0xff);
  frame += head;
  wire::append_bytes(frame, 1, enveloped_object);
  return frame;
}

std::string frame(std::string_view type, const schema::Object& object, MediaType media) {
  if (media == MediaType::Protobuf) return protobuf_frame(type, schema::encode_envelope(object));
  return json_frame(type, schema::to_json(object));
}

constexpr const char* kNoProtobuf =
    "object *unstructured.Unstructured does not implement the protobuf marshalling interface and cannot be encoded to "
    "a protobuf message";

// Whether a custom object itself is asked for as protobuf, which has no form for it.
bool is_custom_protobuf(const Answer& answer, const Representation& representation) {
  if (representation.media != MediaType::Protobuf || representation.view != View::Object) return false;
  if (answer.object && answer.object.type().form != schema::Form::Custom) return false;
  return answer.served != nullptr && answer.served->custom() != nullptr;
}

}  // namespace

std::string indent_json(std::string_view json) {
  std::string out;
  out.reserve(json.size() * 2);
  int depth = 0;
  bool in_string = false;
  auto new_line = [&] {
    out += '\n';
    out.append(static_cast<size_t>(depth) * 2, ' ');
  };
  for (size_t i = 0; i < json.size(); ++i) {
    char c = json[i];
    if (in_string) {
      out += c;
      if (c == '\\' && i + 1 < json.size()) {
        out += json[++i];
      } else if (c == '"') {
        in_string = false;
      }
      continue;
    }
    switch (c) {
      case '"':
        in_string = true;
        out += c;
        break;
      case '{':
      case '[':
        out += c;
        if (i + 1 < json.size() && (json[i + 1] == '}' || json[i + 1] == ']')) {
          out += json[++i];
        } else {
          ++depth;
          new_line();
        }
        break;
      case '}':
      case ']':
        --depth;
        new_line();
        out += c;
        break;
      case ',':
        out += c;
        new_line();
        break;
      case ':':
        out += ": ";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string render_object(const schema::Object& object, const Representation& representation) {
  if (representation.media == MediaType::Protobuf) return schema::encode_envelope(object);
  return finish_json(schema::to_json(object), representation);
}

std::string render_table(const meta::Table& table, const Representation& representation) {
  return encode_meta_kind(meta::Table::kType, &table, "Table", representation);
}

base::Result<IncludeObject> include_object(const Query& query) {
  auto text = query.get("includeObject");
  if (text.empty() || text == "Metadata") return IncludeObject::Metadata;
  if (text == "Object") return IncludeObject::Object;
  if (text == "None") return IncludeObject::None;
  return base::fail(bad_request(base::cat({"unrecognized includeObject value: ", base::quote(text)})));
}

namespace {

constexpr uint32_t kItemForm = 0;
constexpr uint32_t kEventForms = 16;  // then kind and media
// Of what encodings may take, the events' share. Those who watch ask at about the same time, lists come again later.
constexpr size_t kEventsShare = 128;

// The object in its envelope; without a look at its fields where it is kept in the version asked for.
base::Result<std::string> envelope_of(const Served& served, const store::Entry& entry, store::Revision revision) {
  auto kept = served.needs_conversion() ? std::nullopt : wire::open_envelope(entry.value.view());
  if (kept && kept->api_version == served.type().api_version()) {
    return schema::wrap_envelope(kept->api_version, kept->kind,
                                 wire::with_resource_version(kept->raw, std::to_string(revision)));
  }
  TRY(auto object, served.decode(entry.value.view(), revision));
  return schema::encode_envelope(object);
}

base::Result<std::string> encode_item(const Served& served, const store::Entry& entry, store::Revision revision) {
  TRY(auto object, served.decode(entry.value.view(), revision));
  std::string json;
  // Custom kinds say what they are, in lists too.
  auto type_meta = served.custom() != nullptr ? schema::WithTypeMeta::Yes : schema::WithTypeMeta::No;
  schema::append_json(json, object.type(), object.data(), type_meta);
  return json;
}

}  // namespace

Renderer::Renderer(base::Clock& clock, size_t cache_bytes_max)
    : clock_(clock), items_(cache_bytes_max), events_(cache_bytes_max / kEventsShare) {}

base::Result<base::Bytes> Renderer::item_json(const Served& served, const store::EntryRef& entry,
                                              store::Revision revision) {
  EncodingCache::Key key{entry.get(), served.id(), revision, kItemForm};
  auto known = items_.find(key);
  if (!known.empty()) return known;
  TRY(auto json, encode_item(served, *entry, revision));
  base::Bytes bytes(std::move(json));
  items_.put(key, entry, bytes);
  return bytes;
}

base::Result<base::Bytes> Renderer::render(const Answer& answer, const Representation& representation,
                                           const Query& query) {
  if (is_custom_protobuf(answer, representation)) return base::fail(wrong_view(kNoProtobuf));
  if (answer.page) return render_page(*answer.served, *answer.page, representation, query);
  if (answer.entry != nullptr && representation.view == View::Object) {
    const Served& served = *answer.served;
    if (representation.media == MediaType::Protobuf) {
      TRY(auto envelope, envelope_of(served, *answer.entry, answer.entry->revision));
      return base::Bytes(std::move(envelope));
    }
    TRY(auto item, item_json(served, answer.entry, answer.entry->revision));
    return base::Bytes(finish_json(whole_json(served, item.view()), representation));
  }
  schema::Object object = answer.object;
  if (answer.entry != nullptr) {
    TRY(object, answer.served->decode(*answer.entry));
  }
  if (answer.served != nullptr && representation.view != View::Object &&
      &object.type() == answer.served->row().list_type) {
    TRY(auto items, items_of(answer.served->type(), object));
    return render_views(*answer.served, std::move(items), {}, representation, query);
  }
  bool can_view = answer.served != nullptr && object.has_meta();
  if (!can_view || representation.view == View::Object) return base::Bytes(render_object(object, representation));
  if (representation.view == View::Table) {
    TRY(auto include, include_object(query));
    auto made = make_table(*answer.served, {object}, base::Time::from_ns(clock_.wall_ns()));
    made.metadata.resource_version = object.meta().resource_version;
    if (include == IncludeObject::Metadata) made.rows[0].object = partial_json(object.meta(), representation);
    if (include == IncludeObject::Object) made.rows[0].object = schema::to_json(object);
    return base::Bytes(encode_meta_kind(meta::Table::kType, &made, "Table", representation));
  }
  if (representation.view == View::PartialMetadataList) {
    return base::fail(
        wrong_view(base::cat({"you requested PartialObjectMetadataList, but the requested object is not a list (*",
                              answer.served->row().group.empty()
                                  ? "core"
                                  : answer.served->row().group.substr(0, answer.served->row().group.find('.')),
                              ".", answer.served->row().kind, ")"})));
  }
  meta::PartialObjectMetadata partial;
  partial.metadata = object.meta();
  return base::Bytes(
      encode_meta_kind(meta::PartialObjectMetadata::kType, &partial, "PartialObjectMetadata", representation));
}

base::Result<base::Bytes> Renderer::render_page(const Served& served, const ListPage& page,
                                                const Representation& representation, const Query& query) {
  meta::ListMeta list_meta;
  list_meta.resource_version = std::to_string(page.revision);
  list_meta.continue_ = page.continue_token;
  if (page.remaining) list_meta.remaining_item_count = *page.remaining;
  if (representation.view == View::Object) {
    if (representation.media == MediaType::Protobuf) {
      std::string message;
      size_t total = 64;
      for (const auto& entry : page.entries) total += entry->value.size() + 32;
      message.reserve(total);
      wire::append_bytes(message, 1, schema::encode_protobuf(meta::ListMeta::kType, &list_meta));
      for (const auto& entry : page.entries) {
        if (served.needs_conversion()) {
          TRY(auto object, served.decode(*entry));
          wire::append_bytes(message, 2, schema::encode_protobuf(object.type(), object.data()));
        } else {
          wire::append_bytes(message, 2,
                             wire::with_resource_version(served.message(*entry), std::to_string(entry->revision)));
        }
      }
      return base::Bytes(schema::wrap_envelope(served.type().api_version(), served.row().list_kind, message));
    }
    std::string json = type_meta_json(served.row().list_kind, served.type().api_version());
    json += ",\"metadata\":";
    schema::append_json(json, meta::ListMeta::kType, &list_meta, schema::WithTypeMeta::No);
    json += ",\"items\":[";
    size_t total = json.size() + 3;
    std::vector<base::Bytes> items;
    items.reserve(page.entries.size());
    for (const auto& entry : page.entries) {
      TRY(auto item, item_json(served, entry, entry->revision));
      total += item.size() + 1;
      items.push_back(std::move(item));
    }
    json.reserve(total);
    for (size_t i = 0; i < items.size(); ++i) {
      if (i != 0) json += ',';
      json += items[i].view();
    }
    json += "]}";
    return base::Bytes(finish_json(std::move(json), representation));
  }

  std::vector<schema::Object> objects;
  objects.reserve(page.entries.size());
  for (const auto& entry : page.entries) {
    TRY(auto object, served.decode(*entry));
    objects.push_back(std::move(object));
  }
  return render_views(served, std::move(objects), std::move(list_meta), representation, query);
}

base::Result<base::Bytes> Renderer::render_views(const Served& served, std::vector<schema::Object> objects,
                                                 meta::ListMeta list_meta, const Representation& representation,
                                                 const Query& query) {
  if (representation.view == View::Table) {
    TRY(auto include, include_object(query));
    auto made = make_table(served, objects, base::Time::from_ns(clock_.wall_ns()));
    made.metadata = list_meta;
    for (size_t i = 0; i < objects.size(); ++i) {
      if (include == IncludeObject::Metadata) made.rows[i].object = partial_json(objects[i].meta(), representation);
      if (include == IncludeObject::Object) made.rows[i].object = schema::to_json(objects[i]);
    }
    return base::Bytes(encode_meta_kind(meta::Table::kType, &made, "Table", representation));
  }
  if (representation.view == View::PartialMetadata) {
    return base::fail(wrong_view(
        base::cat({"you requested PartialObjectMetadata, but the requested object is a list (*",
                   served.row().group.empty() ? "core" : served.row().group.substr(0, served.row().group.find('.')),
                   ".", served.row().list_kind, ")"})));
  }
  meta::PartialObjectMetadataList list;
  list.metadata = list_meta;
  for (auto& object : objects) list.items.emplace_back().metadata = std::move(object.meta());
  if (representation.media == MediaType::Protobuf) {
    return base::Bytes(
        encode_meta_kind(meta::PartialObjectMetadataList::kType, &list, "PartialObjectMetadataList", representation));
  }
  std::string json = type_meta_json("PartialObjectMetadataList", meta_version(representation));
  json += ",\"metadata\":";
  schema::append_json(json, meta::ListMeta::kType, &list_meta, schema::WithTypeMeta::No);
  json += ",\"items\":";
  for (size_t i = 0; i < list.items.size(); ++i) {
    json += i == 0 ? '[' : ',';
    json += partial_json(list.items[i].metadata, representation);
  }
  json += list.items.empty() ? "null" : "]";  // as upstream: none are null here
  return base::Bytes(finish_json(json + "}", representation));
}

base::Result<schema::Object> Renderer::viewed(const Served& served, const store::EntryRef& entry,
                                              store::Revision revision, const Representation& representation,
                                              const Query& query, bool with_columns) {
  TRY(auto object, served.decode(entry->value.view(), revision));
  if (representation.view == View::Table) {
    TRY(auto include, include_object(query));
    auto made = make_table(served, {object}, base::Time::from_ns(clock_.wall_ns()));
    made.metadata.resource_version = object.meta().resource_version;
    if (!with_columns) made.column_definitions.clear();
    if (include == IncludeObject::Metadata) made.rows[0].object = partial_json(object.meta(), representation);
    if (include == IncludeObject::Object) made.rows[0].object = schema::to_json(object);
    return schema::Object(std::move(made));
  }
  meta::PartialObjectMetadata partial;
  partial.metadata = std::move(object.meta());
  return schema::Object(std::move(partial));
}

base::Result<base::Bytes> Renderer::render_event(const Served& served, const WatchItem& item,
                                                 const Representation& representation, const Query& query,
                                                 bool with_columns) {
  if (item.kind == WatchItem::Kind::Bookmark) {
    schema::Object object(representation.view == View::PartialMetadata ? meta::PartialObjectMetadata::kType
                                                                       : served.type());
    object.meta().resource_version = std::to_string(item.revision);
    if (item.ends_initial_events) object.meta().annotations["k8s.io/initial-events-end"] = "true";
    if (representation.view == View::Table) {
      auto made = make_table(served, {object}, base::Time::from_ns(clock_.wall_ns()));
      made.rows[0].object = partial_json(object.meta(), representation);
      made.metadata.resource_version = object.meta().resource_version;
      if (!with_columns) made.column_definitions.clear();
      std::string json =
          encode_meta_kind(meta::Table::kType, &made, "Table", {.view_version = representation.view_version});
      json.pop_back();
      if (!with_columns) without_columns(json);
      return base::Bytes(json_frame("BOOKMARK", json));
    }
    if (representation.view == View::PartialMetadata && representation.media != MediaType::Protobuf) {
      return base::Bytes(json_frame("BOOKMARK", partial_json(object.meta(), representation)));
    }
    return base::Bytes(frame("BOOKMARK", object, representation.media));
  }
  if (representation.view == View::Object) return render_event(served, item, representation.media);
  TRY(auto object, viewed(served, item.entry, item.revision, representation, query, with_columns));
  std::string_view kind = representation.view == View::Table ? "Table" : "PartialObjectMetadata";
  Representation plain = representation;
  plain.pretty = false;
  std::string encoded = encode_meta_kind(object.type(), object.data(), kind, plain);
  if (representation.media == MediaType::Protobuf) return base::Bytes(protobuf_frame(event_name(item.kind), encoded));
  if (encoded.ends_with('\n')) encoded.pop_back();
  if (representation.view == View::Table && !with_columns) without_columns(encoded);
  return base::Bytes(json_frame(event_name(item.kind), encoded));
}

base::Result<base::Bytes> Renderer::render_event(const Served& served, const WatchItem& item, MediaType media) {
  uint32_t form = kEventForms + static_cast<uint32_t>(item.kind) * 4 + static_cast<uint32_t>(media);
  EncodingCache::Key key{item.entry.get(), served.id(), item.revision, form};
  // The watchers of a loop ask for the same one after the other. They share it by a count of references that is their
  // loop's own, and need not ask the cache of all loops.
  struct Last {
    EncodingCache::Key key{};
    store::EntryRef entry;  // so that its address is nobody else's
    base::Bytes event;
  };
  thread_local Last last;
  if (last.key == key) return last.event;
  TRY(auto event, shared_event(served, item, media, key));
  auto owner = std::make_shared<const base::Bytes>(std::move(event));
  std::string_view view = owner->view();
  last = {key, item.entry, base::Bytes(std::move(owner), view)};
  return last.event;
}

base::Result<base::Bytes> Renderer::shared_event(const Served& served, const WatchItem& item, MediaType media,
                                                 const EncodingCache::Key& key) {
  auto known = events_.find(key);
  if (!known.empty()) return known;
  std::string text;
  if (media == MediaType::Protobuf) {
    TRY(auto envelope, envelope_of(served, *item.entry, item.revision));
    text = protobuf_frame(event_name(item.kind), envelope);
  } else {
    TRY(auto json, encode_item(served, *item.entry, item.revision));
    text = json_frame(event_name(item.kind), whole_json(served, json));
  }
  base::Bytes bytes(std::move(text));
  events_.put(key, item.entry, bytes);
  return bytes;
}

base::Bytes Renderer::render_error_event(const base::Error& error, MediaType media) {
  return base::Bytes(frame("ERROR", schema::Object(schema::status_of(error)), media));
}

}  // namespace apiserver
