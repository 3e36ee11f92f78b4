#include "apiserver/registry/validation/go_form.h"

#include <algorithm>
#include <span>

#include "base/json.h"
#include "base/strings.h"
#include "base/time.h"
#include "schema/json.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;
using schema::Field;
using schema::Holder;
using schema::Shape;
using schema::Type;

// Names that are more than the JSON name with a capital letter.
struct Spelling {
  std::string_view json;
  std::string_view go;
};
constexpr Spelling kSpellings[] = {
    {"apiGroup", "APIGroup"},
    {"apiGroups", "APIGroups"},
    {"apiVersion", "APIVersion"},
    {"apiVersions", "APIVersions"},
    {"awsElasticBlockStore", "AWSElasticBlockStore"},
    {"cephfs", "CephFS"},
    {"chapAuthDiscovery", "DiscoveryCHAPAuth"},
    {"chapAuthSession", "SessionCHAPAuth"},
    {"cidrs", "CIDRs"},
    {"csi", "CSI"},
    {"diskURI", "DataDiskURI"},
    {"dnsConfig", "DNSConfig"},
    {"dnsPolicy", "DNSPolicy"},
    {"externalID", "DoNotUseExternalID"},
    {"fc", "FC"},
    {"fsGroup", "FSGroup"},
    {"fsGroupChangePolicy", "FSGroupChangePolicy"},
    {"fsType", "FSType"},
    {"gcePersistentDisk", "GCEPersistentDisk"},
    {"gmsaCredentialSpec", "GMSACredentialSpec"},
    {"gmsaCredentialSpecName", "GMSACredentialSpecName"},
    {"grpc", "GRPC"},
    {"httpGet", "HTTPGet"},
    {"httpHeaders", "HTTPHeaders"},
    {"ip", "IP"},
    {"ipFamilies", "IPFamilies"},
    {"ipFamilyPolicy", "IPFamilyPolicy"},
    {"ipMode", "IPMode"},
    {"iqn", "IQN"},
    {"iscsi", "ISCSI"},
    {"iscsiInterface", "ISCSIInterface"},
    {"monitors", "CephMonitors"},
    {"nfs", "NFS"},
    {"os", "OS"},
    {"pdName", "PDName"},
    {"qosClass", "QOSClass"},
    {"rbd", "RBD"},
    {"seLinuxChangePolicy", "SELinuxChangePolicy"},
    {"seLinuxOptions", "SELinuxOptions"},
    {"sslEnabled", "SSLEnabled"},
    {"storageos", "StorageOS"},
    {"storagePolicyID", "StoragePolicyID"},
    {"targetWWNs", "TargetWWNs"},
    {"tcpSocket", "TCPSocket"},
    {"tty", "TTY"},
    {"uid", "UID"},
    {"wwids", "WWIDs"},
};

std::string go_name(std::string_view json) {
  for (const auto& spelling : kSpellings) {
    if (spelling.json == json) return std::string(spelling.go);
  }
  std::string name(json);
  if (!name.empty() && name[0] >= 'a' && name[0] <= 'z') name[0] = static_cast<char>(name[0] - 'a' + 'A');
  return name;
}

// Orders that differ from the API's. What is not named follows in the API's order.
struct Order {
  std::string_view type;
  std::span<const std::string_view> fields;
};
constexpr std::string_view kPodSpec[] = {"volumes",
                                         "initContainers",
                                         "containers",
                                         "ephemeralContainers",
                                         "restartPolicy",
                                         "terminationGracePeriodSeconds",
                                         "activeDeadlineSeconds",
                                         "dnsPolicy",
                                         "nodeSelector",
                                         "serviceAccountName",
                                         "automountServiceAccountToken",
                                         "nodeName",
                                         "securityContext",
                                         "imagePullSecrets",
                                         "hostname",
                                         "subdomain",
                                         "setHostnameAsFQDN",
                                         "affinity",
                                         "schedulerName",
                                         "tolerations",
                                         "hostAliases",
                                         "priorityClassName",
                                         "priority",
                                         "preemptionPolicy",
                                         "dnsConfig",
                                         "readinessGates",
                                         "runtimeClassName",
                                         "overhead",
                                         "enableServiceLinks",
                                         "topologySpreadConstraints",
                                         "os",
                                         "schedulingGates",
                                         "resourceClaims",
                                         "resources",
                                         "hostnameOverride",
                                         "schedulingGroup"};
constexpr std::string_view kPodSecurityContext[] = {"seLinuxOptions",
                                                    "windowsOptions",
                                                    "runAsUser",
                                                    "runAsGroup",
                                                    "runAsNonRoot",
                                                    "supplementalGroups",
                                                    "supplementalGroupsPolicy",
                                                    "fsGroup",
                                                    "fsGroupChangePolicy",
                                                    "sysctls",
                                                    "seccompProfile",
                                                    "appArmorProfile",
                                                    "seLinuxChangePolicy"};
constexpr std::string_view kVolume[] = {"name",
                                        "hostPath",
                                        "emptyDir",
                                        "gcePersistentDisk",
                                        "awsElasticBlockStore",
                                        "gitRepo",
                                        "secret",
                                        "nfs",
                                        "iscsi",
                                        "glusterfs",
                                        "persistentVolumeClaim",
                                        "rbd",
                                        "quobyte",
                                        "flexVolume",
                                        "cinder",
                                        "cephfs",
                                        "flocker",
                                        "downwardAPI",
                                        "fc",
                                        "azureFile",
                                        "configMap",
                                        "vsphereVolume",
                                        "azureDisk",
                                        "photonPersistentDisk",
                                        "projected",
                                        "portworxVolume",
                                        "scaleIO",
                                        "storageos",
                                        "csi",
                                        "ephemeral",
                                        "image"};
constexpr Order kOrders[] = {{"PodSpec", kPodSpec}, {"PodSecurityContext", kPodSecurityContext}, {"Volume", kVolume}};

bool is_core(const Type& type) {
  return type.package.starts_with("io.k8s.api.");
}

class Writer {
 public:
  explicit Writer(bool indented) : indented_(indented) {}
  std::string take() { return std::move(out_); }

  void write_struct(const Type& type, const void* object) {
    if (!is_core(type)) return write_raw(json_of(type, object));
    open('{');
    write_fields(type, object);
    close('}');
  }

 private:
  static std::string json_of(const Type& type, const void* object) {
    std::string json;
    schema::append_json(json, type, object, schema::WithTypeMeta::No);
    return json;
  }

  // Text that is JSON already, in the indentation at hand.
  void write_raw(std::string_view json) {
    if (!indented_) {
      out_ += json;
      return;
    }
    bool in_string = false;
    for (size_t i = 0; i < json.size(); ++i) {
      char c = json[i];
      if (in_string) {
        out_ += c;
        if (c == '\\') {
          out_ += json[++i];
        } else if (c == '"') {
          in_string = false;
        }
      } else if (c == '{' || c == '[') {
        if (json[i + 1] == '}' || json[i + 1] == ']') {
          out_ += c;
          out_ += json[++i];
        } else {
          out_ += c;
          ++depth_;
          new_line();
        }
      } else if (c == '}' || c == ']') {
        --depth_;
        new_line();
        out_ += c;
      } else if (c == ',') {
        out_ += c;
        new_line();
      } else if (c == ':') {
        out_ += ": ";
      } else {
        out_ += c;
        in_string = c == '"';
      }
    }
  }

  void write_fields(const Type& type, const void* object) {
    if (type.name == "PodSpec") {
      for (auto name : kPodSpec) {
        if (const Field* field = type.find(name)) {
          name == "securityContext" ? write_security_context(*static_cast<const core::PodSpec*>(object))
                                    : write_field(*field, object);
        }
      }
      return;
    }
    for (const auto& order : kOrders) {
      if (order.type != type.name) continue;
      for (auto name : order.fields) {
        if (const Field* field = type.find(name)) write_field(*field, object);
      }
      return;
    }
    for (const Field& field : type.fields()) write_field(field, object);
  }

  // It is never absent, and holds what the API has beside it.
  void write_security_context(const core::PodSpec& spec) {
    static const core::PodSecurityContext kNone;
    begin_field("SecurityContext");
    open('{');
    auto flag = [&](std::string_view name, std::optional<bool> value) {
      begin_field(name);
      out_ += value ? *value ? "true" : "false" : "null";
    };
    flag("HostNetwork", spec.host_network);
    flag("HostPID", spec.host_pid);
    flag("HostIPC", spec.host_ipc);
    flag("ShareProcessNamespace", spec.share_process_namespace);
    flag("HostUsers", spec.host_users);
    write_fields(core::PodSecurityContext::kType, spec.security_context ? spec.security_context.get() : &kNone);
    close('}');
  }

  void write_field(const Field& field, const void* object) {
    const void* member = field.in(object);
    // Metadata is embedded, in the API's form.
    if (field.name() == "metadata" && field.shape == Shape::Struct && field.holder == Holder::Value &&
        !is_core(*field.type)) {
      std::string json = json_of(*field.type, member);
      if (json.size() > 2) {
        separate();
        write_raw(std::string_view(json).substr(1, json.size() - 2));
      }
      return;
    }
    begin_field(go_name(field.name()));
    switch (field.holder) {
      case Holder::Value:
      case Holder::Optional:
      case Holder::Box:
        return write_one(field, member);
      case Holder::List:
        return write_list(field, member);
      case Holder::Map:
      case Holder::MapOfLists:
        return write_map(field, member);
    }
  }

  void write_one(const Field& field, const void* member) {
    if (field.holder == Holder::Box) {
      const void* content = static_cast<const schema::AnyBox*>(member)->value;
      if (content == nullptr) {
        out_ += "null";
      } else {
        write_struct(*field.type, content);
      }
      return;
    }
    if (field.holder == Holder::Value) return write_value(field, member);
    auto optional = [&]<class T>(const std::optional<T>* value) {
      if (*value) {
        write_value(field, &**value);
      } else {
        out_ += "null";
      }
    };
    switch (field.shape) {
      case Shape::Bool:
        return optional(static_cast<const std::optional<bool>*>(member));
      case Shape::Int32:
        return optional(static_cast<const std::optional<int32_t>*>(member));
      case Shape::Int64:
        return optional(static_cast<const std::optional<int64_t>*>(member));
      case Shape::Double:
        return optional(static_cast<const std::optional<double>*>(member));
      case Shape::String:
      case Shape::Bytes:
        return optional(static_cast<const std::optional<std::string>*>(member));
      case Shape::Quantity:
        return optional(static_cast<const std::optional<base::Quantity>*>(member));
      case Shape::IntOrString:
        return optional(static_cast<const std::optional<schema::IntOrString>*>(member));
      default:
        return write_value(field, member);
    }
  }

  void write_value(const Field& field, const void* value) {
    switch (field.shape) {
      case Shape::Bool:
        out_ += *static_cast<const bool*>(value) ? "true" : "false";
        return;
      case Shape::Int32:
        out_ += std::to_string(*static_cast<const int32_t*>(value));
        return;
      case Shape::Int64:
        out_ += std::to_string(*static_cast<const int64_t*>(value));
        return;
      case Shape::Double:
        base::append_json_double(out_, *static_cast<const double*>(value));
        return;
      case Shape::String:
        base::append_json_string(out_, *static_cast<const std::string*>(value));
        return;
      case Shape::Bytes:
        base::append_json_string(out_, base::base64_encode(*static_cast<const std::string*>(value)));
        return;
      case Shape::Quantity:
        base::append_json_string(out_, static_cast<const base::Quantity*>(value)->to_string());
        return;
      case Shape::IntOrString: {
        const auto& either = *static_cast<const schema::IntOrString*>(value);
        either.is_int() ? void(out_ += std::to_string(either.number)) : base::append_json_string(out_, either.text);
        return;
      }
      case Shape::Time:
      case Shape::MicroTime: {
        const auto& time = *static_cast<const base::Time*>(value);
        time.is_zero() ? void(out_ += "null") : base::append_json_string(out_, base::format_rfc3339(time));
        return;
      }
      case Shape::Raw: {
        const auto& text = *static_cast<const std::string*>(value);
        text.empty() ? void(out_ += "null") : write_raw(text);
        return;
      }
      case Shape::Struct:
        return write_struct(*field.type, value);
      default:
        out_ += "null";
    }
  }

  void write_list(const Field& field, const void* member) {
    const auto* ops = schema::list_ops(field);
    auto [first, count] = ops == nullptr ? std::pair<const void*, size_t>{nullptr, 0} : ops->view(member);
    if (count == 0) {
      out_ += "null";
      return;
    }
    open('[');
    for (size_t i = 0; i < count; ++i) {
      separate();
      write_value(field, static_cast<const char*>(first) + i * ops->element_size);
    }
    close(']');
  }

  void write_map(const Field& field, const void* member) {
    const auto* ops = schema::map_ops(field);
    if (ops == nullptr || ops->size(member) == 0) {
      out_ += "null";
      return;
    }
    struct Context {
      Writer& writer;
      const Field& field;
    } context{*this, field};
    open('{');
    ops->each(member, &context, [](void* raw, const std::string& key, const void* value) {
      auto& [writer, of] = *static_cast<Context*>(raw);
      writer.begin_field(key);
      if (of.holder == Holder::MapOfLists) {
        writer.out_ += "null";
      } else {
        writer.write_value(of, value);
      }
      return true;
    });
    close('}');
  }

  void begin_field(std::string_view name) {
    separate();
    base::append_json_string(out_, name);
    out_ += indented_ ? ": " : ":";
  }
  void separate() {
    if (!first_) out_ += ',';
    first_ = false;
    new_line();
  }
  void open(char bracket) {
    out_ += bracket;
    ++depth_;
    first_ = true;
  }
  void close(char bracket) {
    --depth_;
    if (!first_) new_line();
    first_ = false;
    out_ += bracket;
  }
  void new_line() {
    if (!indented_) return;
    out_ += '\n';
    out_.append(static_cast<size_t>(depth_), ' ');
  }

  std::string out_;
  const bool indented_;
  int depth_ = 0;
  bool first_ = true;
};

std::string written(const Type& type, const void* object, bool indented) {
  Writer writer(indented);
  writer.write_struct(type, object);
  return writer.take();
}

}  // namespace

std::string go_json(const Type& type, const void* object) {
  return written(type, object, false);
}
std::string go_json_indented(const Type& type, const void* object) {
  return written(type, object, true);
}

}  // namespace apiserver
