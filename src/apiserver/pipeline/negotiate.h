// In which form an answer goes out and a body comes in: Accept and Content-Type.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "apiserver/pipeline/query.h"
#include "base/result.h"
#include "io/http.h"

namespace apiserver {

enum class MediaType : uint8_t { Json, Yaml, Protobuf };
// What the client would rather see in place of the object.
enum class View : uint8_t { Object, Table, PartialMetadata, PartialMetadataList };

// Which of them there are: what is not stored has no table.
enum class Views : uint8_t { None, AllButTable, All };

struct Representation {
  MediaType media = MediaType::Json;
  View view = View::Object;
  std::string_view view_version = "v1";  // of Table and PartialObjectMetadata: "v1" or "v1beta1"
  bool pretty = false;
  bool operator==(const Representation&) const = default;
};

// "application/json"
std::string_view content_type(MediaType media);

// What of the Accept header we can do, best first. `watch`: for a stream of events. `views`: what may be
// asked for in place of the object. NotAcceptable when nothing fits.
base::Result<Representation> negotiate(const io::Headers& headers, const Query& query, bool watch, Views views);
// For answers to requests whose Accept header has no say (errors): the best that fits, else JSON.
Representation negotiate_error(const io::Headers& headers, const Query& query);

// The form of a body; JSON when nothing is said. UnsupportedMediaType otherwise.
base::Result<MediaType> body_type(std::string_view content_type_header);

// One entry of an Accept header.
struct AcceptClause {
  std::string type;                                             // "application"
  std::string subtype;                                          // "json", "*"
  std::vector<std::pair<std::string, std::string>> parameters;  // without q
  double quality = 1;
  std::string_view parameter(std::string_view name) const;
};
std::vector<AcceptClause> parse_accept(std::string_view header);

}  // namespace apiserver
