#include "apiserver/openapi/documents.h"

#include <openssl/sha.h>

#include <algorithm>
#include <map>
#include <span>

#include "api/meta_v1.h"
#include "apiserver/openapi/operations.h"
#include "base/mutex.h"
#include "base/strings.h"
#include "schema/resource.h"

namespace apiserver::openapi {
namespace {

constexpr std::string_view kVersion = "v1.36.2";

constexpr std::string_view kApiMedia[] = {"application/json", "application/yaml", "application/vnd.kubernetes.protobuf",
                                          "application/cbor"};
constexpr std::string_view kStreamMedia[] = {"application/json",
                                             "application/yaml",
                                             "application/vnd.kubernetes.protobuf",
                                             "application/cbor",
                                             "application/json;stream=watch",
                                             "application/vnd.kubernetes.protobuf;stream=watch",
                                             "application/cbor-seq"};
constexpr std::string_view kTextMedia[] = {"text/plain", "application/json", "application/yaml",
                                           "application/vnd.kubernetes.protobuf", "application/cbor"};
constexpr std::string_view kAnyMedia[] = {"*/*"};
constexpr std::string_view kJsonMedia[] = {"application/json"};
constexpr std::string_view kCustomMedia[] = {"application/json", "application/yaml"};
constexpr std::string_view kCustomPatchMedia[] = {"application/json-patch+json", "application/merge-patch+json",
                                                  "application/apply-patch+yaml"};
constexpr std::string_view kPatchMedia[] = {"application/json-patch+json", "application/merge-patch+json",
                                            "application/strategic-merge-patch+json", "application/apply-patch+yaml",
                                            "application/apply-patch+cbor"};

std::span<const std::string_view> media_of(Produces produces) {
  // Without CBOR, which is not on by default.
  switch (produces) {
    case Produces::Api:
      return std::span(kApiMedia).first(3);
    case Produces::Stream:
      return kStreamMedia;
    case Produces::Text:
      return std::span(kTextMedia).first(4);
    case Produces::Anything:
      return kAnyMedia;
    case Produces::Json:
      return kJsonMedia;
  }
  return kAnyMedia;
}

std::span<const std::string_view> media_of(const Operation& operation) {
  return operation.is_custom ? std::span<const std::string_view>(kCustomMedia) : media_of(operation.produces);
}

std::span<const std::string_view> patch_media_of(const Operation& operation) {
  return operation.is_custom ? std::span<const std::string_view>(kCustomPatchMedia) : std::span(kPatchMedia).first(4);
}

std::string_view status_text(int status) {
  return status == 201 ? "Created" : status == 202 ? "Accepted" : "OK";
}

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
        write_parameter(name, "path", "string",
                        name == "name"        ? "Name of the object."
                        : name == "namespace" ? "Namespace of the object."
                                              : "The rest of the path.");
      }
    }
    json_.close(']');
  }
  json_.close('}');
}

void DocumentWriter::write_parameter(std::string_view name, std::string_view in, std::string_view type,
                                     std::string_view description) {
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
  auto media = operation.body == Body::Patch ? patch_media_of(operation) : std::span<const std::string_view>(kAnyMedia);
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
      for (auto type : media_of(operation)) {
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
      if (std::find(shared.begin(), shared.end(), one) == shared.end())
        write_parameter(one->name, "query", one->type, one->description);
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
    list("consumes",
         operation.body == Body::Patch ? patch_media_of(operation) : std::span<const std::string_view>(kAnyMedia));
    list("produces", media_of(operation));
    json_.key("schemes").open('[').text("https").close(']');
  }
  write_responses(operation);
  if (!operation.action.empty()) {
    json_.member("x-kubernetes-action", operation.action);
    json_.key("x-kubernetes-group-version-kind")
        .open('{')
        .member("group", operation.group)
        .member("kind", operation.kind);
    json_.member("version", operation.version).close('}');
  }
  json_.close('}');
}

void write_info(JsonWriter& json) {
  json.key("info").open('{').member("title", "Kubernetes").member("version", kVersion).close('}');
}

constexpr std::string_view kBearerToken =
    R"({"description":"Bearer Token authentication","in":"header","name":"authorization","type":"apiKey"})";

// The resources of a group version, built in and custom.
std::vector<const schema::Resource*> rows_of(std::string_view group, std::string_view version,
                                             const CustomKinds& custom) {
  std::vector<const schema::Resource*> rows;
  for (const auto& resource : schema::resources()) {
    if (resource.group == group && resource.version == version) rows.push_back(&resource);
  }
  for (const auto& [name, kind] : custom.served()) {
    if (kind->row().group == group && kind->row().version == version) rows.push_back(&kind->row());
  }
  return rows;
}

// The operations of a document; empty when there is none of that name.
std::vector<Operation> operations_of_document(std::string_view name, const CustomKinds& custom) {
  auto names = document_names(custom);
  if (!std::binary_search(names.begin(), names.end(), name)) return {};
  auto parts = base::split(name, '/');
  if (parts[0] == "api" && parts.size() == 2) return operations_of("", parts[1], rows_of("", parts[1], custom));
  if (parts[0] == "apis" && parts.size() == 3)
    return operations_of(parts[1], parts[2], rows_of(parts[1], parts[2], custom));
  return root_operations(name);
}

void collect_custom(std::string_view document, const CustomKinds& custom, SchemaSet& schemas) {
  for (const auto& [name, kind] : custom.served()) {
    const auto& row = kind->row();
    if (document == base::cat({"apis/", row.group, "/", row.version})) schemas.add(*kind->custom());
  }
}

std::string sha512(std::string_view text) {
  unsigned char digest[SHA512_DIGEST_LENGTH];
  SHA512(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  auto made = base::hex_encode({reinterpret_cast<char*>(digest), sizeof digest});
  for (char& c : made) c = c >= 'a' && c <= 'f' ? static_cast<char>(c - 'a' + 'A') : c;
  return made;
}

}  // namespace

std::vector<std::string> document_names(const CustomKinds& custom) {
  std::vector<std::string> made{".well-known/openid-configuration", "api", "apis", "openid/v1/jwks", "version"};
  for (const auto& one : schema::group_versions()) {
    if (one.group.empty()) {
      made.push_back(base::cat({"api/", one.version}));
    } else {
      made.push_back(base::cat({"apis/", one.group}));
      made.push_back(base::cat({"apis/", one.group, "/", one.version}));
    }
  }
  for (const auto& [name, kind] : custom.served())
    made.push_back(base::cat({"apis/", kind->row().group, "/", kind->row().version}));
  std::sort(made.begin(), made.end());
  made.erase(std::unique(made.begin(), made.end()), made.end());
  return made;
}

std::optional<std::string> make_v3(std::string_view name, const CustomKinds& custom) {
  auto operations = operations_of_document(name, custom);
  if (operations.empty()) return std::nullopt;
  SchemaSet schemas;
  DocumentWriter::collect(operations, schemas);
  collect_custom(name, custom, schemas);
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

std::string make_v2(const CustomKinds& custom) {
  JsonWriter json;
  json.open('{').member("swagger", "2.0");
  write_info(json);
  SchemaSet schemas;
  DocumentWriter writer(json, Dialect::V2);
  json.key("paths").open('{');
  for (const auto& name : document_names(custom)) {
    auto operations = operations_of_document(name, custom);
    DocumentWriter::collect(operations, schemas);
    collect_custom(name, custom, schemas);
    writer.write_paths(operations);
  }
  json.close('}').key("definitions");
  schemas.write(json, Dialect::V2);
  json.key("securityDefinitions").open('{').member_raw("BearerToken", kBearerToken).close('}');
  json.member_raw("security", R"([{"BearerToken":[]}])").close('}');
  return json.take();
}

namespace {

using Digests = std::map<std::string, std::string, std::less<>>;

// Of documents without custom kinds, which never change.
const Digests& built_in_digests() {
  static const Digests digests = [] {
    Digests made;
    for (const auto& one : document_names({})) made[one] = sha512(*make_v3(one, {}));
    return made;
  }();
  return digests;
}

// Of all documents. Those with custom kinds in them are kept until the kinds are others.
Digests digests_of(const CustomKindsRef& custom) {
  static base::Mutex mutex;
  static CustomKindsRef kinds;
  static Digests known;
  {
    base::Lock lock(mutex);
    if (kinds == custom) return known;
  }
  Digests made = built_in_digests();
  for (const auto& [name, kind] : custom->served()) {
    std::string document = base::cat({"apis/", kind->row().group, "/", kind->row().version});
    made[document] = sha512(*make_v3(document, *custom));
  }
  base::Lock lock(mutex);
  kinds = custom;
  known = made;
  return made;
}

}  // namespace

std::string digest_of(std::string_view name, const CustomKindsRef& custom) {
  auto digests = digests_of(custom);
  auto at = digests.find(name);
  return at == digests.end() ? std::string() : at->second;
}

std::string all_digest(const CustomKindsRef& custom, const RemoteUrls& remote) {
  std::string all;
  for (const auto& [name, digest] : digests_of(custom)) all += digest;
  for (const auto& [name, url] : remote) all += base::cat({name, " ", url, "\n"});
  return sha512(all);
}

std::string make_index(const CustomKindsRef& custom, const RemoteUrls& remote) {
  RemoteUrls all = remote;
  for (const auto& [name, digest] : digests_of(custom)) all[name] = base::cat({"/openapi/v3/", name, "?hash=", digest});
  JsonWriter json;
  json.open('{').key("paths").open('{');
  for (const auto& [name, url] : all) json.key(name).open('{').member("serverRelativeURL", url).close('}');
  return json.close('}').close('}').take();
}

}  // namespace apiserver::openapi
