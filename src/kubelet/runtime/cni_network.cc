#include "kubelet/runtime/cni_network.h"

#include <unistd.h>

#include "base/file.h"
#include "base/strings.h"
#include "io/process.h"

extern char** environ;

namespace kubelet {
namespace {

using schema::Value;

constexpr auto kPluginTimeout = std::chrono::seconds(220);  // as containerd and its like have for a whole pod
constexpr const char* kInterface = "eth0";
constexpr std::string_view kStateSuffix = ".json";

const Value* plugins_of(const Value& list) {
  const auto* plugins = list.find("plugins");
  return plugins != nullptr && plugins->is_array() ? plugins : nullptr;
}

Value port_mappings(const std::vector<::api::cri::PortMapping>& ports) {
  Value::Array out;
  for (const auto& port : ports) {
    if (port.host_port == 0) continue;
    std::string protocol = port.protocol == ::api::cri::Protocol::Udp    ? "udp"
                           : port.protocol == ::api::cri::Protocol::Sctp ? "sctp"
                                                                         : "tcp";
    auto mapping = Value::object({{"hostPort", int64_t{port.host_port}},
                                  {"containerPort", int64_t{port.container_port}},
                                  {"protocol", protocol}});
    if (!port.host_ip.empty()) mapping.as_object().set("hostIP", port.host_ip);
    out.push_back(std::move(mapping));
  }
  return Value(std::move(out));
}

std::vector<::api::cri::PortMapping> parse_ports(const Value* list) {
  std::vector<::api::cri::PortMapping> ports;
  if (list == nullptr || !list->is_array()) return ports;
  for (const auto& one : list->as_array()) {
    auto number = [&one](std::string_view key) {
      const auto* found = one.find(key);
      return found != nullptr && found->is_int() ? static_cast<int32_t>(found->as_int()) : 0;
    };
    auto& port = ports.emplace_back();
    port.host_port = number("hostPort");
    port.container_port = number("containerPort");
    auto protocol = one.text_at({"protocol"});
    port.protocol = protocol == "udp"    ? ::api::cri::Protocol::Udp
                    : protocol == "sctp" ? ::api::cri::Protocol::Sctp
                                         : ::api::cri::Protocol::Tcp;
    port.host_ip = one.text_at({"hostIP"});
  }
  return ports;
}

std::vector<std::string> addresses_in(const Value& result) {
  std::vector<std::string> out;
  const auto* ips = result.find("ips");
  if (ips == nullptr || !ips->is_array()) return out;
  for (const auto& ip : ips->as_array()) {
    auto address = ip.text_at({"address"});
    if (!address.empty()) out.emplace_back(address.substr(0, address.find('/')));
  }
  return out;
}

// What a plugin said when it failed.
std::string complaint(const io::CommandResult& result) {
  if (auto said = Value::parse(result.output)) {
    std::string text(said->text_at({"msg"}));
    if (auto details = said->text_at({"details"}); !details.empty()) text += base::cat({"; ", details});
    if (!text.empty()) return text;
  }
  std::string_view error = base::trim(result.error);
  return error.empty() ? result.status.text() : std::string(error);
}

}  // namespace

base::Result<Value> CniNetwork::configuration() const {
  auto names = base::list_directory(options_.configuration_directory);
  if (names) {
    for (const auto& name : *names) {
      bool list = name.ends_with(".conflist");
      if (!list && !name.ends_with(".conf") && !name.ends_with(".json")) continue;
      TRY(auto text, base::read_file(options_.configuration_directory + "/" + name));
      auto value = Value::parse(text);
      if (!value) return base::fail(value.error().with_context("CNI configuration " + name));
      if (list || plugins_of(*value) != nullptr) return value;
      auto one = Value::object({{"cniVersion", value->text_at({"cniVersion"})}, {"name", value->text_at({"name"})}});
      one.as_object().set("plugins", Value(Value::Array{std::move(*value)}));
      return one;
    }
  }
  return base::fail(base::Code::NotFound, "no networks found in " + options_.configuration_directory);
}

base::Result<void> CniNetwork::check() const {
  TRY(auto found, configuration());
  const auto* plugins = plugins_of(found);
  if (plugins == nullptr || plugins->as_array().empty())
    return base::fail(base::Code::Invalid, "the network's configuration names no plugin");
  return {};
}

io::Task<base::Result<Value>> CniNetwork::run(std::string_view command, const Value& list, size_t plugin,
                                              const CniPod& pod, Value previous) {
  Value config = plugins_of(list)->as_array()[plugin];
  std::string type(config.text_at({"type"}));
  if (type.empty() || type.contains('/')) co_return base::fail(base::Code::Invalid, "a CNI plugin without a type");
  auto& members = config.ensure_object({});
  members.set("cniVersion", list.text_at({"cniVersion"}));
  members.set("name", list.text_at({"name"}));
  const auto* mapped = config.at({"capabilities", "portMappings"});
  if (mapped != nullptr && mapped->is_bool() && mapped->as_bool() && !pod.ports.empty())
    members.set("runtimeConfig", Value::object({{"portMappings", port_mappings(pod.ports)}}));
  members.erase("capabilities");
  if (!previous.is_null()) members.set("prevResult", std::move(previous));

  std::vector<std::string> environment;
  for (char** variable = environ; *variable != nullptr; ++variable)
    if (!std::string_view(*variable).starts_with("CNI_")) environment.emplace_back(*variable);
  environment.push_back(base::cat({"CNI_COMMAND=", command}));
  environment.push_back("CNI_CONTAINERID=" + pod.id);
  environment.push_back("CNI_NETNS=" + pod.network_namespace);
  environment.push_back(base::cat({"CNI_IFNAME=", kInterface}));
  environment.push_back("CNI_PATH=" + options_.binary_directory);
  environment.push_back(base::cat({"CNI_ARGS=IgnoreUnknown=1;K8S_POD_NAMESPACE=", pod.namespace_, ";K8S_POD_NAME=",
                                   pod.name, ";K8S_POD_INFRA_CONTAINER_ID=", pod.id, ";K8S_POD_UID=", pod.uid}));
  auto ended =
      co_await io::with_timeout(kPluginTimeout, io::run_command({.argv = {options_.binary_directory + "/" + type},
                                                                 .environment = std::move(environment),
                                                                 .directory = {},
                                                                 .input = base::Bytes(config.to_json())}));
  std::string context = base::cat({"plugin type=", base::quote(type), " failed (", base::to_lower(command), ")"});
  if (!ended) co_return base::fail(base::Code::Timeout, context + ": it did not end");
  if (!*ended) co_return base::fail(ended->error().with_context(context));
  if (!(*ended)->status.ok())
    co_return base::fail(base::Code::Internal, base::cat({context, ": ", complaint(**ended)}));
  if (base::trim((*ended)->output).empty()) co_return Value();
  co_return Value::parse((*ended)->output);
}

io::Task<base::Result<std::vector<std::string>>> CniNetwork::add(CniPod pod) {
  CO_TRY(check());
  CO_TRY(auto list, configuration());
  Value result;
  for (size_t i = 0; i < plugins_of(list)->as_array().size(); ++i) {
    auto next = co_await run("ADD", list, i, pod, result);
    if (!next) {
      auto undone = co_await undo(list, pod, std::move(result));
      static_cast<void>(undone);  // the first failure is what is told
      co_return base::fail(next.error());
    }
    result = std::move(*next);
  }
  auto addresses = addresses_in(result);
  auto state = Value::object(
      {{"configuration", std::move(list)}, {"result", std::move(result)}, {"portMappings", port_mappings(pod.ports)}});
  CO_TRY(base::make_directories(options_.state_directory, 0700));
  CO_TRY(base::write_file(state_file(pod.id), state.to_json(), 0600));
  co_return addresses;
}

io::Task<base::Result<void>> CniNetwork::undo(const Value& list, const CniPod& pod, Value result) {
  base::Result<void> outcome;
  for (size_t i = plugins_of(list)->as_array().size(); i-- > 0;) {
    auto done = co_await run("DEL", list, i, pod, result);
    if (!done && outcome) outcome = base::fail(done.error());
  }
  co_return outcome;
}

io::Task<base::Result<void>> CniNetwork::remove(CniPod pod) {
  Value list, result;
  if (auto text = base::read_file(state_file(pod.id))) {
    CO_TRY(auto state, Value::parse(*text));
    if (const auto* found = state.find("configuration")) list = *found;
    if (const auto* found = state.find("result")) result = *found;
    pod.ports = parse_ports(state.find("portMappings"));
  } else {
    auto current = configuration();
    if (!current) co_return {};  // then nothing was ever added
    list = std::move(*current);
  }
  if (plugins_of(list) == nullptr) co_return {};
  CO_TRY(co_await undo(list, pod, std::move(result)));
  unlink(state_file(pod.id).c_str());
  co_return {};
}

bool CniNetwork::has(const std::string& id) const {
  return base::exists(state_file(id));
}

std::vector<std::string> CniNetwork::ids() const {
  std::vector<std::string> out;
  auto names = base::list_directory(options_.state_directory);
  if (!names) return out;
  for (const auto& name : *names)
    if (name.ends_with(kStateSuffix)) out.push_back(name.substr(0, name.size() - kStateSuffix.size()));
  return out;
}

std::string CniNetwork::state_file(const std::string& id) const {
  return base::cat({options_.state_directory, "/", id, kStateSuffix});
}

base::Result<std::vector<std::string>> CniNetwork::addresses(const std::string& id) const {
  TRY(auto text, base::read_file(state_file(id)));
  TRY(auto state, Value::parse(text));
  const auto* result = state.find("result");
  return result != nullptr ? addresses_in(*result) : std::vector<std::string>();
}

}  // namespace kubelet
