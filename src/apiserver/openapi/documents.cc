#include "apiserver/openapi/documents.h"

#include <openssl/sha.h>

#include <algorithm>
#include <map>
#include <span>

#include "api/meta_v1.h"
#include "apiserver/openapi/operations.h"
#include "base/strings.h"
#include "schema/resource.h"

namespace apiserver::openapi {
namespace {

constexpr std::string_view kVersion = "v1.36.2";

constexpr std::string_view kApiMedia[] = {"application/json", "application/yaml", "application/vnd.kubernetes.protobuf", "application/cbor"};
constexpr std::string_view kStreamMedia[] = {"application/json",
                                             "application/yaml",
                                             "application/vnd.kubernetes.protobuf",
                                             "application/cbor",
                                             "application/json;stream=watch",
                                             "application/vnd.kubernetes.protobuf;stream=watch",
                                             "application/cbor-seq"};
constexpr std::string_view kTextMedia[] = {"text/plain", "application/json", "application/yaml", "application/vnd.kubernetes.protobuf",
                                           "application/cbor"};
constexpr std::string_view kAnyMedia[] = {"*/*"};
constexpr std::string_view kJsonMedia[] = {"application/json"};
constexpr std::string_view kPatchMedia[] = {"application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json",
                                            "application/apply-patch+yaml", "application/apply-patch+cbor"};

std::span<const std::string_view> media_of(Produces produces) {
  // Without CBOR, which is not on by default.
  switch (produces) {
    case Produces::Api: return std::span(kApiMedia).first(3);
    case Produces::Stream: return kStreamMedia;
    case Produces::Text: return std::span(kTextMedia).first(4);
    case Produces::Anything: return kAnyMedia;
    case Produces::Json: return kJsonMedia;
  }
  return kAnyMedia;
}

std::string_view status_text(int status) { return status == 201 ? "Created" : status == 202 ? "Accepted" : "OK"; }

// Which parameters stand at the path because every operation has them.
std::vector<const QueryParameter*> shared_by_all(std::span<const Operation> operations) {
  auto shared = operations[0].query;
  for (const auto& operation : operations.subspan(1)) {
    std::erase_if(shared, [&](const QueryParameter* one) {
      return std::find(operation.query.begin(), operation.query.end(), one) == operation.query.end();
    });
  }
  return shared;
}

class DocumentWriter {
 public:
  DocumentWriter(JsonWriter& json, Dialect dialect) : json_(json), dialect_(dialect) {}

  // The members of a "paths" object; may be called several times.
  void write_paths(std::span<const Operation> operations);
  // What the operations refer to.
  static void collect(std::span<const Operation> operations, SchemaSet& schemas);

 private:
  void write_path(std::span<const Operation> operations);
  void write_operation(const Operation& operation, const std::vector<const QueryParameter*>& shared);
  void write_parameter(std::string_view name, std::string_view in, std::string_view type, std::string_view description);
  void write_v3_body(const Operation& operation);
  void write_v2_body(const Operation& operation);
  void write_responses(const Operation& operation);
  void write_schema(const Operation& operation);
  void write_body_schema(const Operation& operation);

  JsonWriter& json_;
  Dialect dialect_;
};

void DocumentWriter::collect(std::span<const Operation> operations, SchemaSet& schemas) {
  for (const auto& operation : operations) {
    if (operation.response_type != nullptr) schemas.add(*operation.response_type);
    if (operation.body_type != nullptr) schemas.add(*operation.body_type);
    if (operation.body == Body::DeleteOptions) schemas.add(schema::type_of<api::meta_v1::DeleteOptions>());
    if (operation.body == Body::Patch) schemas.add(SchemaSet::kPatch);
  }
}

void DocumentWriter::write_paths(std::span<const Operation> operations) {
  for (size_t first = 0; first < operations.size();) {
    size_t last = first;
    while (last < operations.size() && operations[last].path == operations[first].path) ++last;
    write_path(operations.subspan(first, last - first));
    first = last;
  }
}

void DocumentWriter::write_path(std::span<const Operation> operations) {
  auto shared = shared_by_all(operations);
  auto names = path_parameters(operations[0].path);
  json_.key(operations[0].path).open('{');
  for (const auto& operation : operations) write_operation(operation, shared);
  if (!names.empty() || !shared.empty()) {
    std::vector<std::pair<std::string_view, const QueryParameter*>> all;
    for (auto name : names) all.emplace_back(name, nullptr);
    for (const auto* one : shared) all.emplace_back(one->name, one);
    std::sort(all.begin(), all.end());
    json_.key("parameters").open('[');
    for (auto [name, query] : all) {
      if (query != nullptr) {
        write_parameter(name, "query", query->type, query->description);
      } else {
        write_parameter(name, "path", "string", name == "name" ? "Name of the object." : name == "namespace" ? "Namespace of the object." : "The rest of the path.");
      }
    }
    json_.close(']');
  }
  json_.close('}');
}

void DocumentWriter::write_parameter(std::string_view name, std::string_view in, std::string_view type, std::string_view description) {
  json_.open('{').member("description", description).member("in", in).member("name", name);
  if (in == "path") json_.member_raw("required", "true");
  if (dialect_ == Dialect::V3) {
    json_.key("schema").open('{').member("type", type).member_raw("uniqueItems", "true").close('}');
  } else {
    json_.member("type", type).member_raw("uniqueItems", "true");
  }
  json_.close('}');
}

void DocumentWriter::write_body_schema(const Operation& operation) {
  if (operation.body == Body::Patch) {
    write_reference(json_, dialect_, SchemaSet::kPatch);
  } else if (operation.body == Body::DeleteOptions) {
    write_reference(json_, dialect_, schema_name(schema::type_of<api::meta_v1::DeleteOptions>()));
  } else {
    write_reference(json_, dialect_, schema_name(*operation.body_type));
  }
}

void DocumentWriter::write_v3_body(const Operation& operation) {
  auto media = operation.body == Body::Patch ? std::span(kPatchMedia).first(4) : std::span<const std::string_view>(kAnyMedia);
  json_.key("requestBody").open('{').key("content").open('{');
  for (auto type : media) {
    json_.key(type).open('{').key("schema");
    write_body_schema(operation);
    json_.close('}');
  }
  json_.close('}');
  if (operation.body != Body::DeleteOptions) json_.member_raw("required", "true");
  json_.close('}');
}

void DocumentWriter::write_v2_body(const Operation& operation) {
  json_.open('{').member("in", "body").member("name", "body");
  if (operation.body != Body::DeleteOptions) json_.member_raw("required", "true");
  json_.key("schema");
  write_body_schema(operation);
  json_.close('}');
}

void DocumentWriter::write_schema(const Operation& operation) {
  json_.key("schema");
  if (operation.response_type != nullptr) {
    write_reference(json_, dialect_, schema_name(*operation.response_type));
  } else {
    json_.open('{').member("type", "string").close('}');
  }
}

void DocumentWriter::write_responses(const Operation& operation) {
  json_.key("responses").open('{');
  for (int status : operation.statuses) {
    json_.key(std::to_string(status)).open('{');
    if (dialect_ == Dialect::V3) {
      json_.key("content").open('{');
      for (auto type : media_of(operation.produces)) {
        json_.key(type).open('{');
        write_schema(operation);
        json_.close('}');
      }
      json_.close('}');
      json_.member("description", status_text(status));
    } else {
      json_.member("description", status_text(status));
      write_schema(operation);
    }
    json_.close('}');
  }
  json_.key("401").open('{').member("description", "Unauthorized").close('}').close('}');
}

void DocumentWriter::write_operation(const Operation& operation, const std::vector<const QueryParameter*>& shared) {
  json_.key(operation.method).open('{');
  json_.key("tags").open('[').text(operation.tag).close(']');
  json_.member("description", operation.description).member("operationId", operation.id);
  bool own_query = operation.query.size() > shared.size();
  bool v2_body = dialect_ == Dialect::V2 && operation.body != Body::None;
  if (own_query || v2_body) {
    json_.key("parameters").open('[');
    if (v2_body) write_v2_body(operation);
    for (const auto* one : operation.query) {
      if (std::find(shared.begin(), shared.end(), one) == shared.end()) write_parameter(one->name, "query", one->type, one->description);
    }
    json_.close(']');
  }
  if (dialect_ == Dialect::V3) {
    if (operation.body != Body::None) write_v3_body(operation);
  } else {
    auto list = [&](std::string_view name, std::span<const std::string_view> values) {
      json_.key(name).open('[');
      for (auto value : values) json_.text(value);
      json_.close(']');
    };
    list("consumes", operation.body == Body::Patch ? std::span(kPatchMedia).first(4) : std::span<const std::string_view>(kAnyMedia));
    list("produces", media_of(operation.produces));
    json_.key("schemes").open('[').text("https").close(']');
  }
  write_responses(operation);
  if (!operation.action.empty()) {
    json_.member("x-kubernetes-action", operation.action);
    json_.key("x-kubernetes-group-version-kind").open('{').member("group", operation.group).member("kind", operation.kind);
    json_.member("version", operation.version).close('}');
  }
  json_.close('}');
}

void write_info(JsonWriter& json) {
  json.key("info").open('{').member("title", "Kubernetes").member("version", kVersion).close('}');
}

constexpr std::string_view kBearerToken =
    R"({"description":"Bearer Token authentication","in":"header","name":"authorization","type":"apiKey"})";

// The operations of a document; empty when there is none of that name.
std::vector<Operation> operations_of_document(std::string_view name) {
  if (!std::binary_search(document_names().begin(), document_names().end(), name)) return {};
  auto parts = base::split(name, '/');
  if (parts[0] == "api" && parts.size() == 2) return operations_of("", parts[1]);
  if (parts[0] == "apis" && parts.size() == 3) return operations_of(parts[1], parts[2]);
  return root_operations(name);
}

std::string sha512(std::string_view text) {
  unsigned char digest[SHA512_DIGEST_LENGTH];
  SHA512(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  auto made = base::hex_encode({reinterpret_cast<char*>(digest), sizeof digest});
  for (char& c : made) c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  return made;
}

}  // namespace

const std::vector<std::string>& document_names() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> made{".well-known/openid-configuration", "api", "apis", "openid/v1/jwks", "version"};
    for (const auto& one : schema::group_versions()) {
      if (one.group.empty()) {
        made.push_back(base::cat({"api/", one.version}));
      } else {
        made.push_back(base::cat({"apis/", one.group}));
        made.push_back(base::cat({"apis/", one.group, "/", one.version}));
      }
    }
    std::sort(made.begin(), made.end());
    made.erase(std::unique(made.begin(), made.end()), made.end());
    return made;
  }();
  return names;
}

std::optional<std::string> make_v3(std::string_view name) {
  auto operations = operations_of_document(name);
  if (operations.empty()) return std::nullopt;
  SchemaSet schemas;
  DocumentWriter::collect(operations, schemas);
  JsonWriter json;
  json.open('{').member("openapi", "3.0.0");
  write_info(json);
  json.key("paths").open('{');
  DocumentWriter(json, Dialect::V3).write_paths(operations);
  json.close('}').key("components").open('{').key("schemas");
  schemas.write(json, Dialect::V3);
  json.key("securitySchemes").open('{').member_raw("BearerToken", kBearerToken).close('}').close('}');
  json.member_raw("security", R"([{"BearerToken":[]}])").close('}');
  return json.take();
}

std::string make_v2() {
  JsonWriter json;
  json.open('{').member("swagger", "2.0");
  write_info(json);
  SchemaSet schemas;
  DocumentWriter writer(json, Dialect::V2);
  json.key("paths").open('{');
  for (const auto& name : document_names()) {
    auto operations = operations_of_document(name);
    DocumentWriter::collect(operations, schemas);
    writer.write_paths(operations);
  }
  json.close('}').key("definitions");
  schemas.write(json, Dialect::V2);
  json.key("securityDefinitions").open('{').member_raw("BearerToken", kBearerToken).close('}');
  json.member_raw("security", R"([{"BearerToken":[]}])").close('}');
  return json.take();
}

const std::string& digest_of(std::string_view name) {
  static const std::map<std::string, std::string, std::less<>> digests = [] {
    std::map<std::string, std::string, std::less<>> made;
    for (const auto& one : document_names()) made[one] = sha512(*make_v3(one));
    return made;
  }();
  static const std::string none;
  auto at = digests.find(name);
  return at == digests.end() ? none : at->second;
}

const std::string& all_digest() {
  static const std::string digest = [] {
    std::string all;
    for (const auto& name : document_names()) all += digest_of(name);
    return sha512(all);
  }();
  return digest;
}

std::string make_index() {
  JsonWriter json;
  json.open('{').key("paths").open('{');
  for (const auto& name : document_names()) {
    json.key(name).open('{').member("serverRelativeURL", base::cat({"/openapi/v3/", name, "?hash=", digest_of(name)})).close('}');
  }
  return json.close('}').close('}').take();
}

}  // namespace apiserver::openapi
