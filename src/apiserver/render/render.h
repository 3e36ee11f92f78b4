// Answers as bytes: JSON, YAML or protobuf, as the object, as a table, or as its metadata alone. Encodings that are
// asked for again are kept, within a bound; an event is encoded once for all who watch. Safe from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "apiserver/pipeline/negotiate.h"
#include "apiserver/registry/call.h"
#include "apiserver/registry/served.h"
#include "apiserver/registry/watch.h"
#include "apiserver/render/encoding_cache.h"
#include "base/bytes.h"
#include "base/clock.h"
#include "base/result.h"

namespace api::meta_v1 {
struct ListMeta;
struct Table;
}  // namespace api::meta_v1

namespace apiserver {

// Any object with its kind and version. Pretty JSON is indented by two spaces.
std::string render_object(const schema::Object& object, const Representation& representation);
std::string indent_json(std::string_view json);
// Under the group and version that tables are asked for in.
std::string render_table(const api::meta_v1::Table& table, const Representation& representation);

// How tables show their rows' objects.
enum class IncludeObject : uint8_t { Metadata, Object, None };
base::Result<IncludeObject> include_object(const Query& query);

class Renderer {
 public:
  Renderer(base::Clock& clock, size_t cache_bytes_max);

  base::Result<base::Bytes> render(const Answer& answer, const Representation& representation, const Query& query);
  // One event as a stream carries it: a line of JSON, or a length and a protobuf message.
  base::Result<base::Bytes> render_event(const Served& served, const WatchItem& item,
                                         const Representation& representation, const Query& query, bool with_columns);
  // The event that ends a watch with an error.
  static base::Bytes render_error_event(const base::Error& error, MediaType media);

  // The object of an entry as JSON, as lists have it: without kind and apiVersion, but for custom kinds.
  base::Result<base::Bytes> item_json(const Served& served, const store::EntryRef& entry, store::Revision revision);

 private:
  base::Result<base::Bytes> render_page(const Served& served, const ListPage& page,
                                        const Representation& representation, const Query& query);
  // `objects` as a table or as their metadata.
  base::Result<base::Bytes> render_views(const Served& served, std::vector<schema::Object> objects,
                                         api::meta_v1::ListMeta list_meta, const Representation& representation,
                                         const Query& query);
  base::Result<schema::Object> viewed(const Served& served, const store::EntryRef& entry, store::Revision revision,
                                      const Representation& representation, const Query& query, bool with_columns);

  // The same of whole objects: as the loop of the caller shares it, and as all loops do.
  base::Result<base::Bytes> render_event(const Served& served, const WatchItem& item, MediaType media);
  base::Result<base::Bytes> shared_event(const Served& served, const WatchItem& item, MediaType media,
                                         const EncodingCache::Key& key);

  base::Clock& clock_;
  EncodingCache items_;   // of lists and single objects
  EncodingCache events_;  // of watches
};

}  // namespace apiserver
