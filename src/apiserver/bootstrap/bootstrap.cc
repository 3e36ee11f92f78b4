#include "apiserver/bootstrap/bootstrap.h"

#include <algorithm>

#include "api/apiregistration_k8s_io_v1.h"
#include "api/core_v1.h"
#include "api/flowcontrol_apiserver_k8s_io_v1.h"
#include "api/networking_k8s_io_v1.h"
#include "apiserver/bootstrap/own_call.h"
#include "base/ip.h"
#include "base/json.h"
#include "base/strings.h"
#include "schema/json.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
namespace networking = api::networking_k8s_io_v1;
namespace rbac = api::rbac_authorization_k8s_io_v1;

#pragma clang diagnostic push
#pragma clang diagnostic ignored "-Wc23-extensions"
constexpr char kDefaults[] = {
#embed "../../../schemas/bootstrap.json"
};
#pragma clang diagnostic pop

constexpr const char* kAutoUpdate = "rbac.authorization.kubernetes.io/autoupdate";

base::Result<std::vector<schema::Object>> default_objects() {
  std::vector<schema::Object> objects;
  base::JsonReader reader({kDefaults, sizeof kDefaults});
  std::string_view text;
  if (reader.enter_array()) {
    while (reader.next_element() && reader.read_raw(text)) {
      TRY(auto meta, schema::read_type_meta(text));
      const auto* type = schema::find_kind(meta.api_version, meta.kind);
      if (type == nullptr) return base::fail(base::Code::Internal, base::cat({"no such kind: ", meta.kind}));
      TRY(auto object, schema::decode_json(*type, text));
      objects.push_back(std::move(object));
    }
  }
  TRY(reader.finish());
  return objects;
}

// Rights that `have` lacks are added to it. True if there were any.
bool add_missing(std::vector<PolicyRule>& have, const std::vector<PolicyRule>& want) {
  bool added = false;
  for (const auto& rule : want) {
    if (std::find(have.begin(), have.end(), rule) != have.end()) continue;
    have.push_back(rule);
    added = true;
  }
  return added;
}

bool add_missing(std::vector<rbac::Subject>& have, const std::vector<rbac::Subject>& want) {
  bool added = false;
  for (const auto& subject : want) {
    bool present = std::any_of(have.begin(), have.end(), [&](const auto& one) {
      return one.kind == subject.kind && one.name == subject.name && one.namespace_ == subject.namespace_;
    });
    if (present) continue;
    have.push_back(subject);
    added = true;
  }
  return added;
}

bool may_update(const api::meta_v1::ObjectMeta& metadata) {
  auto found = metadata.annotations.find(kAutoUpdate);
  return found == metadata.annotations.end() || found->second != "false";
}

// What the state that is there should become; nothing when it is fine as it is.
std::optional<schema::Object> reconciled(const schema::Object& current, const schema::Object& wanted) {
  if (!may_update(current.meta())) return std::nullopt;
  schema::Object next = current;
  bool changed = false;
  if (auto* role = next.get_if<rbac::ClusterRole>()) {
    // The rules of aggregated roles are their controller's.
    changed = !role->aggregation_rule && add_missing(role->rules, wanted.as<rbac::ClusterRole>().rules);
  } else if (auto* role = next.get_if<rbac::Role>()) {
    changed = add_missing(role->rules, wanted.as<rbac::Role>().rules);
  } else if (auto* binding = next.get_if<rbac::ClusterRoleBinding>()) {
    changed = add_missing(binding->subjects, wanted.as<rbac::ClusterRoleBinding>().subjects);
  } else if (auto* binding = next.get_if<rbac::RoleBinding>()) {
    changed = add_missing(binding->subjects, wanted.as<rbac::RoleBinding>().subjects);
  }
  if (!changed) return std::nullopt;
  return next;
}

class Bootstrapper {
 public:
  Bootstrapper(Registry& registry, BootstrapOptions options) : registry_(registry), options_(std::move(options)) {}

  io::Task<base::Result<void>> run() {
    CO_TRY(auto objects, default_objects());
    for (auto& object : objects) CO_TRY(co_await ensure(std::move(object)));
    for (auto& object : options_.more) CO_TRY(co_await ensure(std::move(object)));
    CO_TRY(co_await ensure_ranges());
    CO_TRY(co_await ensure_service());
    if (options_.resource_metrics) CO_TRY(co_await ensure_metrics_reader());
    co_return {};
  }

 private:
  io::Task<base::Result<void>> ensure(schema::Object wanted) {
    const Served& served = registry_.catalog().of_type(wanted.type());
    auto namespace_ = wanted.meta().namespace_;
    auto name = wanted.meta().name;
    auto current = co_await registry_.reader().get_object(served, namespace_, name);
    if (!current && current.error().code() != base::Code::NotFound) co_return base::fail(current.error());
    if (current) {
      auto next = reconciled(*current, wanted);
      if (!next) co_return {};
      co_return co_await replace(served, std::move(*next), Part::Main);
    }
    auto request = own_call(served, wanted.meta(), "create");
    schema::Object with_status = wanted;
    auto made = co_await registry_.create_object(request, served, std::move(wanted), {});
    if (!made) {
      if (made.error().code() == base::Code::AlreadyExists) co_return {};  // another server was faster
      co_return base::fail(made.error().with_context(base::cat({"make ", served.row().plural, " ", name})));
    }
    co_return co_await set_status(served, std::move(with_status));
  }

  // Creating drops a status; those that are part of the defaults are written after.
  io::Task<base::Result<void>> set_status(const Served& served, schema::Object wanted) {
    bool has_status = wanted.get_if<api::apiregistration_k8s_io_v1::APIService>() ||
                      wanted.get_if<api::flowcontrol_apiserver_k8s_io_v1::FlowSchema>() ||
                      wanted.get_if<networking::ServiceCIDR>();
    if (!has_status) co_return {};
    stamp_conditions(wanted);
    co_return co_await replace(served, std::move(wanted), Part::Status);
  }

  void stamp_conditions(schema::Object& object) const {
    auto stamp = [&](auto* one) {
      if (one == nullptr) return;
      for (auto& condition : one->status.conditions) condition.last_transition_time = registry_.now();
    };
    stamp(object.get_if<api::apiregistration_k8s_io_v1::APIService>());
    stamp(object.get_if<api::flowcontrol_apiserver_k8s_io_v1::FlowSchema>());
    stamp(object.get_if<networking::ServiceCIDR>());
  }

  io::Task<base::Result<void>> replace(const Served& served, schema::Object wanted, Part part) {
    auto request = own_call(served, wanted.meta(), "update");
    if (part == Part::Status) request.info.subresource = "status";
    auto namespace_ = wanted.meta().namespace_;
    auto name = wanted.meta().name;
    auto next = [&wanted](const schema::Object* current) -> io::Task<base::Result<schema::Object>> {
      return Bootstrapper::with_metadata_of(wanted, current);
    };
    auto written = co_await registry_.write(request, served, namespace_, name, next,
                                            {.part = part, .subresource = request.info.subresource});
    if (!written)
      co_return base::fail(written.error().with_context(base::cat({"update ", served.row().plural, " ", name})));
    co_return {};
  }

  static io::Task<base::Result<schema::Object>> with_metadata_of(schema::Object wanted, const schema::Object* current) {
    if (current != nullptr) wanted.meta() = current->meta();
    co_return wanted;
  }

  io::Task<base::Result<void>> ensure_ranges() {
    networking::ServiceCIDR range;
    range.metadata.name = "kubernetes";
    for (auto cidr : base::split(options_.service_cidr, ',')) range.spec.cidrs.emplace_back(cidr);
    auto& ready = range.status.conditions.emplace_back();
    ready.type = "Ready";
    ready.status = "True";
    co_return co_await ensure(std::move(range));
  }

  // Who may look at pods may see what they use. Of the name that metrics-server's own has.
  io::Task<base::Result<void>> ensure_metrics_reader() {
    rbac::ClusterRole role;
    role.metadata.name = "system:aggregated-metrics-reader";
    for (std::string to : {"admin", "edit", "view"})
      role.metadata.labels["rbac.authorization.k8s.io/aggregate-to-" + to] = "true";
    auto& rule = role.rules.emplace_back();
    rule.api_groups = {"metrics.k8s.io"};
    rule.resources = {"pods", "nodes"};
    rule.verbs = {"get", "list", "watch"};
    co_return co_await ensure(std::move(role));
  }

  // The service that pods know the API server by.
  io::Task<base::Result<void>> ensure_service() {
    core::Service service;
    service.metadata.namespace_ = "default";
    service.metadata.name = "kubernetes";
    service.metadata.labels = {{"component", "apiserver"}, {"provider", "kubernetes"}};
    service.spec.type = "ClusterIP";
    service.spec.cluster_ip = options_.kubernetes_ip;
    service.spec.cluster_ips = {options_.kubernetes_ip};
    service.spec.session_affinity = "None";
    service.spec.ip_families = {family()};
    service.spec.ip_family_policy = "SingleStack";
    service.spec.internal_traffic_policy = "Cluster";
    auto& port = service.spec.ports.emplace_back();
    port.name = "https";
    port.protocol = "TCP";
    port.port = 443;
    port.target_port = schema::IntOrString(options_.secure_port);
    co_return co_await ensure(std::move(service));
  }

  std::string family() const { return options_.advertise_address.find(':') == std::string::npos ? "IPv4" : "IPv6"; }

  Registry& registry_;
  const BootstrapOptions options_;
};

}  // namespace

io::Task<base::Result<void>> bootstrap(Registry& registry, BootstrapOptions options) {
  Bootstrapper bootstrapper(registry, std::move(options));
  co_return co_await bootstrapper.run();
}

std::vector<PolicyRule> node_rules() {
  auto objects = default_objects();
  if (!objects) return {};
  for (const auto& object : *objects) {
    const auto* role = object.get_if<rbac::ClusterRole>();
    if (role && role->metadata.name == "system:node") return role->rules;
  }
  return {};
}

std::vector<schema::Object> default_flow_objects() {
  std::vector<schema::Object> found;
  auto objects = default_objects();
  if (!objects) return found;
  for (auto& object : *objects) {
    bool flow = object.get_if<api::flowcontrol_apiserver_k8s_io_v1::FlowSchema>() ||
                object.get_if<api::flowcontrol_apiserver_k8s_io_v1::PriorityLevelConfiguration>();
    if (flow) found.push_back(std::move(object));
  }
  return found;
}

}  // namespace apiserver
