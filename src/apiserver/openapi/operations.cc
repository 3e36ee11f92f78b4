#include "apiserver/openapi/operations.h"

#include <algorithm>
#include <initializer_list>
#include <iterator>

#include "api/meta_v1.h"
#include "api/version.h"
#include "base/strings.h"

namespace apiserver::openapi {
namespace {

namespace meta = api::meta_v1;

constexpr QueryParameter kParameters[] = {
    {"allowWatchBookmarks", "boolean", "Whether a watch may send BOOKMARK events."},
    {"command", "string", "The command to run and its arguments; not run in a shell."},
    {"container", "string", "Name of the container. May be left out when there is only one."},
    {"continue", "string", "The token that an earlier, incomplete answer gave for going on."},
    {"dryRun", "string", "\"All\": do everything but keep the result."},
    {"fieldManager", "string", "Name of who makes the change, at most 128 characters. Required for apply."},
    {"fieldSelector", "string", "Fields that the objects must have."},
    {"fieldValidation", "string",
     "What is done about unknown and repeated fields: Ignore, Warn (when absent) or Strict."},
    {"follow", "boolean", "Whether to go on as the log grows."},
    {"force", "boolean", "Whether to take over fields that others have applied."},
    {"gracePeriodSeconds", "integer", "How long the object may take to end, in seconds. 0: at once."},
    {"ignoreStoreReadErrorWithClusterBreakingPotential", "boolean",
     "Whether to delete an object that can no longer be read from the store. Dangerous."},
    {"insecureSkipTLSVerifyBackend", "boolean", "Whether not to check the certificate of the node."},
    {"labelSelector", "string", "Labels that the objects must have."},
    {"limit", "integer", "The most objects in a list of returned ones; the rest with continue."},
    {"limitBytes", "integer", "The most bytes to be returned."},
    {"orphanDependents", "boolean", "Deprecated: use propagationPolicy."},
    {"path", "string", "The rest of the path, handed on."},
    {"ports", "integer", "Ports to forward."},
    {"pretty", "string", "\"true\": the answer is indented."},
    {"previous", "boolean", "Whether to show the log of the container's previous run."},
    {"propagationPolicy", "string", "What is done about dependents: Orphan, Background or Foreground."},
    {"resourceVersion", "string", "The revision from which to answer."},
    {"resourceVersionMatch", "string", "How the revision is meant: Exact or NotOlderThan."},
    {"sendInitialEvents", "boolean", "Whether a watch begins with what there is."},
    {"shardSelector", "string", "The share of the objects to be returned."},
    {"sinceSeconds", "integer", "How far back to begin, in seconds."},
    {"stderr", "boolean", "Whether to show the standard error output."},
    {"stdin", "boolean", "Whether to hand on standard input."},
    {"stdout", "boolean", "Whether to show the standard output."},
    {"stream", "string", "Which output to show: All, Stdout or Stderr."},
    {"tailLines", "integer", "How many lines from the end to begin at."},
    {"timeoutSeconds", "integer", "How long the request may take, in seconds."},
    {"timestamps", "boolean", "Whether to put the time before each line."},
    {"tty", "boolean", "Whether to use a terminal."},
    {"watch", "boolean",
     "Watch for changes to the described resources: they come as a stream of events, from the given revision on."},
};

using Names = std::initializer_list<std::string_view>;
constexpr Names kGetQuery = {"pretty"};
constexpr Names kListQuery = {"allowWatchBookmarks",
                              "continue",
                              "fieldSelector",
                              "labelSelector",
                              "limit",
                              "pretty",
                              "resourceVersion",
                              "resourceVersionMatch",
                              "sendInitialEvents",
                              "shardSelector",
                              "timeoutSeconds",
                              "watch"};
constexpr Names kWriteQuery = {"dryRun", "fieldManager", "fieldValidation", "pretty"};
constexpr Names kPatchQuery = {"dryRun", "fieldManager", "fieldValidation", "force", "pretty"};
constexpr Names kDeleteQuery = {
    "dryRun", "gracePeriodSeconds", "ignoreStoreReadErrorWithClusterBreakingPotential", "orphanDependents",
    "pretty", "propagationPolicy"};
constexpr Names kDeleteCollectionQuery = {"continue",
                                          "dryRun",
                                          "fieldSelector",
                                          "gracePeriodSeconds",
                                          "ignoreStoreReadErrorWithClusterBreakingPotential",
                                          "labelSelector",
                                          "limit",
                                          "orphanDependents",
                                          "pretty",
                                          "propagationPolicy",
                                          "resourceVersion",
                                          "resourceVersionMatch",
                                          "sendInitialEvents",
                                          "shardSelector",
                                          "timeoutSeconds"};
constexpr Names kLogQuery = {"container",    "follow", "insecureSkipTLSVerifyBackend",
                             "limitBytes",   "pretty", "previous",
                             "sinceSeconds", "stream", "tailLines",
                             "timestamps"};
constexpr Names kAttachQuery = {"container", "stderr", "stdin", "stdout", "tty"};
constexpr Names kExecQuery = {"command", "container", "stderr", "stdin", "stdout", "tty"};
constexpr Names kPortForwardQuery = {"ports"};
constexpr Names kProxyQuery = {"path"};

Names connect_query(std::string_view options_kind) {
  if (options_kind == "PodExecOptions") return kExecQuery;
  if (options_kind == "PodAttachOptions") return kAttachQuery;
  if (options_kind == "PodPortForwardOptions") return kPortForwardQuery;
  return kProxyQuery;
}

std::vector<const QueryParameter*> query_of(Names names) {
  std::vector<const QueryParameter*> found;
  for (auto name : names) {
    for (const auto& one : kParameters) {
      if (one.name == name) found.push_back(&one);
    }
  }
  return found;
}

std::string capitalized(std::string_view text) {
  std::string made(text);
  if (!made.empty() && made[0] >= 'a' && made[0] <= 'z') made[0] = static_cast<char>(made[0] - 'a' + 'A');
  return made;
}

// "RbacAuthorization" for rbac.authorization.k8s.io.
std::string group_word(std::string_view group) {
  if (group.empty()) return "Core";
  if (group.ends_with(".k8s.io")) group.remove_suffix(7);
  std::string word;
  for (auto part : base::split(group, '.')) word += capitalized(part);
  return word;
}

std::string tag_of(std::string_view group, std::string_view version) {
  std::string word = group_word(group);
  word[0] = static_cast<char>(word[0] - 'A' + 'a');
  return version.empty() ? word : base::cat({word, "_", version});
}

// Kinds whose deletion returns the object rather than a Status.
bool returns_deleted(const schema::Resource& resource) {
  constexpr std::string_view kCore[] = {"persistentvolumeclaims", "persistentvolumes", "pods",    "podtemplates",
                                        "resourcequotas",         "serviceaccounts",   "services"};
  if (resource.group.empty()) return std::find(std::begin(kCore), std::end(kCore), resource.plural) != std::end(kCore);
  return resource.group == "resource.k8s.io" ||
         (resource.group == "storage.k8s.io" && resource.plural != "csistoragecapacities");
}

// Makes the operations of one group version.
class Rows {
 public:
  Rows(std::string_view group, std::string_view version)
      : base_(group.empty() ? base::cat({"/api/", version}) : base::cat({"/apis/", group, "/", version})),
        word_(group_word(group) + capitalized(version)),
        tag_(tag_of(group, version)) {}

  void add_root() {
    auto& row = add(base_ + "/", "get", base::cat({"get", word_, "APIResources"}),
                    "The resources of the group version.", "", {});
    row.response_type = &schema::type_of<meta::APIResourceList>();
  }
  void add(const schema::Resource& resource);
  std::vector<Operation> take();

 private:
  Operation& add(std::string path, std::string_view method, std::string id, std::string description,
                 std::string_view action, Names query) {
    auto& row = rows_.emplace_back();
    row.path = std::move(path);
    row.method = method;
    row.id = std::move(id);
    row.tag = tag_;
    row.description = std::move(description);
    row.action = action;
    row.query = query_of(query);
    row.statuses = {200};
    return row;
  }
  Operation& add_for(const schema::Resource& resource, std::string path, std::string_view method, std::string id,
                     std::string description, std::string_view action, Names query) {
    auto& row = add(std::move(path), method, std::move(id), std::move(description), action, query);
    row.group = resource.group;
    row.version = resource.version;
    row.kind = resource.kind;
    row.response_type = resource.type;
    return row;
  }
  void add_collection(const schema::Resource& resource, const std::string& path, std::string_view scope);
  void add_item(const schema::Resource& resource, const std::string& path, std::string_view scope);
  void add_watches(const schema::Resource& resource, std::string_view scope);
  void add_subresource(const schema::Resource& resource, const schema::Subresource& subresource,
                       const std::string& path, std::string_view scope);
  void add_connect(const schema::Subresource& subresource, const std::string& path, const std::string& noun);

  std::string base_;  // "/apis/apps/v1"
  std::string word_;  // "AppsV1"
  std::string tag_;
  std::vector<Operation> rows_;
};

void Rows::add(const schema::Resource& resource) {
  size_t before = rows_.size();
  std::string_view scope = resource.namespaced ? "Namespaced" : "";
  std::string collection = base::cat({base_, resource.namespaced ? "/namespaces/{namespace}/" : "/", resource.plural});
  std::string item = collection + "/{name}";
  add_collection(resource, collection, scope);
  add_item(resource, item, scope);
  if (resource.namespaced && resource.has_verb("list")) {
    auto& row = add_for(resource, base::cat({base_, "/", resource.plural}), "get",
                        base::cat({"list", word_, resource.kind, "ForAllNamespaces"}),
                        base::cat({"Lists or watches objects of kind ", resource.kind, " of all namespaces."}), "list",
                        kListQuery);
    row.produces = Produces::Stream;
    row.response_type = resource.list_type;
  }
  bool is_custom = resource.type->form == schema::Form::Custom;
  if (resource.has_verb("watch") && !is_custom) add_watches(resource, scope);
  for (const auto& subresource : resource.subresources) add_subresource(resource, subresource, item, scope);
  for (auto& row : std::span(rows_).subspan(before)) row.is_custom = is_custom;
}

void Rows::add_collection(const schema::Resource& resource, const std::string& path, std::string_view scope) {
  std::string noun = base::cat({word_, scope, resource.kind});
  if (resource.has_verb("list")) {
    auto& row = add_for(resource, path, "get", "list" + noun,
                        base::cat({"Lists or watches objects of kind ", resource.kind, "."}), "list", kListQuery);
    row.produces = Produces::Stream;
    row.response_type = resource.list_type;
  }
  if (resource.has_verb("create")) {
    auto& row = add_for(resource, path, "post", "create" + noun,
                        base::cat({"Creates an object of kind ", resource.kind, "."}), "post", kWriteQuery);
    row.body = Body::Object;
    row.body_type = resource.type;
    row.statuses = {200, 201, 202};
  }
  if (resource.has_verb("deletecollection")) {
    auto& row = add_for(resource, path, "delete", base::cat({"delete", word_, "Collection", scope, resource.kind}),
                        base::cat({"Deletes objects of kind ", resource.kind, "."}), "deletecollection",
                        kDeleteCollectionQuery);
    row.body = Body::DeleteOptions;
    row.response_type = &schema::type_of<meta::Status>();
  }
}

void Rows::add_item(const schema::Resource& resource, const std::string& path, std::string_view scope) {
  std::string noun = base::cat({word_, scope, resource.kind});
  if (resource.has_verb("get")) {
    add_for(resource, path, "get", "read" + noun, base::cat({"Reads the ", resource.kind, " of that name."}), "get",
            kGetQuery);
  }
  if (resource.has_verb("update")) {
    auto& row = add_for(resource, path, "put", "replace" + noun,
                        base::cat({"Replaces the ", resource.kind, " of that name."}), "put", kWriteQuery);
    row.body = Body::Object;
    row.body_type = resource.type;
    row.statuses = {200, 201};
  }
  if (resource.has_verb("patch")) {
    auto& row = add_for(resource, path, "patch", "patch" + noun,
                        base::cat({"Changes parts of the ", resource.kind, " of that name."}), "patch", kPatchQuery);
    row.body = Body::Patch;
    row.statuses = {200, 201};
  }
  if (resource.has_verb("delete")) {
    auto& row = add_for(resource, path, "delete", "delete" + noun,
                        base::cat({"Deletes the ", resource.kind, " of that name."}), "delete", kDeleteQuery);
    row.body = Body::DeleteOptions;
    if (!returns_deleted(resource)) row.response_type = &schema::type_of<meta::Status>();
    row.statuses = {200, 202};
  }
}

void Rows::add_watches(const schema::Resource& resource, std::string_view scope) {
  auto watch = [&](std::string path, std::string id, std::string_view action) {
    auto& row = add_for(
        resource, std::move(path), "get", std::move(id),
        base::cat({"Watches objects of kind ", resource.kind, ". Deprecated: use the watch parameter of a list."}),
        action, kListQuery);
    row.produces = Produces::Stream;
    row.response_type = &schema::type_of<meta::WatchEvent>();
  };
  std::string collection =
      base::cat({base_, "/watch", resource.namespaced ? "/namespaces/{namespace}/" : "/", resource.plural});
  std::string noun = base::cat({"watch", word_, scope, resource.kind});
  watch(collection, noun + "List", "watchlist");
  watch(collection + "/{name}", noun, "watch");
  if (resource.namespaced) {
    watch(base::cat({base_, "/watch/", resource.plural}),
          base::cat({"watch", word_, resource.kind, "ListForAllNamespaces"}), "watchlist");
  }
}

void Rows::add_subresource(const schema::Resource& resource, const schema::Subresource& subresource,
                           const std::string& item, std::string_view scope) {
  std::string path = base::cat({item, "/", subresource.name});
  std::string noun = base::cat({word_, scope, resource.kind, capitalized(subresource.name)});
  if (subresource.kind.ends_with("Options")) {
    // Only proxies have a name of several words that is written as one.
    if (subresource.name == "portforward") noun = base::cat({word_, scope, resource.kind, "Portforward"});
    add_connect(subresource, path, noun);
    if (subresource.name == "proxy") add_connect(subresource, path + "/{path}", noun + "WithPath");
    return;
  }
  auto row_for = [&](std::string_view method, std::string_view verb, std::string_view action,
                     Names query) -> Operation& {
    auto& row = add(path, method, base::cat({verb, noun}),
                    base::cat({capitalized(verb), "s ", subresource.name, " of the ", resource.kind, " of that name."}),
                    action, query);
    row.group = subresource.group;
    row.version = subresource.version;
    row.kind = subresource.kind;
    row.response_type = subresource.type;
    return row;
  };
  for (auto verb : subresource.verbs) {
    if (verb == "get") {
      bool log = subresource.name == "log";
      auto& row = row_for("get", "read", "get", log ? kLogQuery : kGetQuery);
      if (log) {
        row.produces = Produces::Text;
        row.response_type = nullptr;
      }
    } else if (verb == "update") {
      auto& row = row_for("put", "replace", "put", kWriteQuery);
      row.body = Body::Object;
      row.body_type = subresource.type;
      row.statuses = {200, 201};
    } else if (verb == "patch") {
      auto& row = row_for("patch", "patch", "patch", kPatchQuery);
      row.body = Body::Patch;
      row.statuses = {200, 201};
    } else if (verb == "create") {
      auto& row = row_for("post", "create", "post", kWriteQuery);
      row.body = Body::Object;
      row.body_type = subresource.type;
      row.statuses = {200, 201, 202};
    }
  }
}

void Rows::add_connect(const schema::Subresource& subresource, const std::string& path, const std::string& noun) {
  constexpr std::string_view kProxied[] = {"get", "put", "post", "delete", "options", "head", "patch"};
  constexpr std::string_view kStreamed[] = {"get", "post"};
  std::span<const std::string_view> methods =
      subresource.name == "proxy" ? std::span<const std::string_view>(kProxied) : kStreamed;
  // "connectCoreV1GetNamespacedPodExec": the method stands after the group version.
  std::string_view rest = std::string_view(noun).substr(word_.size());
  for (auto method : methods) {
    auto& row = add(path, method, base::cat({"connect", word_, capitalized(method), rest}),
                    base::cat({"Connects to ", subresource.name, "."}), "connect", connect_query(subresource.kind));
    row.group = subresource.group;
    row.version = subresource.version;
    row.kind = subresource.kind;
    row.produces = Produces::Anything;
  }
}

std::vector<Operation> Rows::take() {
  std::sort(rows_.begin(), rows_.end(), [](const Operation& a, const Operation& b) {
    return a.path != b.path ? a.path < b.path : a.method < b.method;
  });
  return std::move(rows_);
}

}  // namespace

std::vector<Operation> operations_of(std::string_view group, std::string_view version,
                                     const std::vector<const schema::Resource*>& resources) {
  Rows rows(group, version);
  if (std::ranges::any_of(resources,
                          [](const schema::Resource* row) { return row->type->form != schema::Form::Custom; }))
    rows.add_root();
  for (const schema::Resource* resource : resources) rows.add(*resource);
  return rows.take();
}

std::vector<Operation> root_operations(std::string_view document) {
  Operation row;
  row.path = base::cat({"/", document, "/"});
  row.method = "get";
  row.statuses = {200};
  row.tag = document;
  if (document == "api") {
    row.id = "getCoreAPIVersions";
    row.tag = "core";
    row.description = "The versions of the core group.";
    row.response_type = &schema::type_of<meta::APIVersions>();
  } else if (document == "apis") {
    row.id = "getAPIVersions";
    row.description = "The groups.";
    row.response_type = &schema::type_of<meta::APIGroupList>();
  } else if (document == "version") {
    row.id = "getCodeVersion";
    row.description = "The version of the server.";
    row.produces = Produces::Json;
    row.response_type = &schema::type_of<api::version::Info>();
  } else if (document == "openid/v1/jwks") {
    row.id = "getServiceAccountIssuerOpenIDKeyset";
    row.tag = "openid";
    row.description = "The keys that tokens of service accounts are signed with.";
    row.produces = Produces::Text;
  } else if (document == ".well-known/openid-configuration") {
    row.id = "getServiceAccountIssuerOpenIDConfiguration";
    row.tag = "WellKnown";
    row.description = "Where the keys are found that tokens of service accounts are signed with.";
    row.produces = Produces::Json;
  } else if (document.starts_with("apis/")) {
    std::string_view group = document.substr(5);
    row.id = base::cat({"get", group_word(group), "APIGroup"});
    row.tag = tag_of(group, "");
    row.description = "The versions of the group.";
    row.response_type = &schema::type_of<meta::APIGroup>();
  } else {
    return {};
  }
  std::vector<Operation> rows;
  rows.push_back(std::move(row));
  return rows;
}

std::vector<std::string_view> path_parameters(std::string_view path) {
  std::vector<std::string_view> names;
  for (size_t open = path.find('{'); open != path.npos; open = path.find('{', open)) {
    size_t close = path.find('}', open);
    names.push_back(path.substr(open + 1, close - open - 1));
    open = close;
  }
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace apiserver::openapi
