#include "dns/zone.h"

#include <algorithm>

#include "base/strings.h"

namespace dns {
namespace {

namespace core = api::core_v1;
namespace discovery = api::discovery_k8s_io_v1;

constexpr uint32_t kTtl = 30;
constexpr std::string_view kVersion = "1.1.0";

bool is_headless(const core::Service& service) {
  return service.spec.cluster_ip == "None";
}

bool is_usable(const discovery::Endpoint& endpoint, const core::Service& service) {
  return service.spec.publish_not_ready_addresses || endpoint.conditions.ready.value_or(true);
}

// Where 4.3.2.1.in-addr.arpa and its like point.
std::optional<base::IpAddress> reversed_address(std::string_view name) {
  std::vector<std::string_view> parts;
  if (name.ends_with(".in-addr.arpa")) {
    parts = base::split(name.substr(0, name.size() - 13), '.');
    if (parts.size() != 4) return std::nullopt;
    std::reverse(parts.begin(), parts.end());
    return base::IpAddress::parse(base::cat({parts[0], ".", parts[1], ".", parts[2], ".", parts[3]}));
  }
  if (name.ends_with(".ip6.arpa")) {
    parts = base::split(name.substr(0, name.size() - 9), '.');
    if (parts.size() != 32) return std::nullopt;
    std::string text;
    for (size_t i = 32; i-- > 0;) {
      if (parts[i].size() != 1) return std::nullopt;
      text += parts[i];
      if (i % 4 == 0 && i != 0) text += ':';
    }
    return base::IpAddress::parse(text);
  }
  return std::nullopt;
}

}  // namespace

std::string dashed(const base::IpAddress& address) {
  auto text = address.to_string();
  std::replace(text.begin(), text.end(), '.', '-');
  std::replace(text.begin(), text.end(), ':', '-');
  return text;
}

Zone::Zone(std::string domain, Names names) : domain_(base::to_lower(domain)), names_(std::move(names)) {}

Answer Zone::nothing(Code code) const {
  Answer answer{.code = code, .authoritative = true};
  answer.authority.push_back({domain_, Type::Soa, kTtl, authority_data(domain_, 1, kTtl)});
  return answer;
}

std::optional<Answer> Zone::answer(const Query& query) const {
  auto answer = inside(query);
  if (!answer) answer = reverse(query);
  if (answer && answer->code == Code::NoError && answer->answers.empty()) return nothing(Code::NoError);
  return answer;
}

std::optional<Answer> Zone::inside(const Query& query) const {
  std::string_view name = query.name;
  if (name == domain_) {
    Answer answer{.authoritative = true};
    if (query.type == Type::Soa) answer.answers.push_back({domain_, Type::Soa, kTtl, authority_data(domain_, 1, kTtl)});
    return answer;
  }
  if (!name.ends_with(domain_) || name[name.size() - domain_.size() - 1] != '.') return std::nullopt;
  auto labels = base::split(name.substr(0, name.size() - domain_.size() - 1), '.');
  std::string_view top = labels.back();
  labels.pop_back();
  if (top == "dns-version" && labels.empty()) {
    Answer answer{.authoritative = true};
    if (query.type == Type::Txt) answer.answers.push_back({query.name, Type::Txt, kTtl, text_data(kVersion)});
    return answer;
  }
  if (top != "svc" && top != "pod") return nothing(Code::NameError);
  if (labels.empty()) return Answer{.authoritative = true};
  if (labels.size() == 1)
    return names_.has_namespace(labels[0]) ? Answer{.authoritative = true} : nothing(Code::NameError);
  return top == "svc" ? service_answer(query, labels) : pod_answer(query, labels);
}

// `labels`: [HOST or _PORT, _PROTOCOL,] SERVICE, NAMESPACE.
Answer Zone::service_answer(const Query& query, const std::vector<std::string_view>& labels) const {
  size_t count = labels.size();
  auto service = names_.service(labels[count - 1], labels[count - 2]);
  if (service == nullptr || count > 4) return nothing(Code::NameError);
  Answer answer{.authoritative = true};
  if (service->spec.type == "ExternalName") {
    if (count != 2) return nothing(Code::NameError);
    answer.answers.push_back({query.name, Type::Cname, kTtl, name_data(service->spec.external_name)});
    return answer;
  }
  if (count == 4) {
    if (!labels[0].starts_with('_') || !labels[1].starts_with('_')) return nothing(Code::NameError);
    add_services(query, *service, labels[0].substr(1), labels[1].substr(1), answer);
    return answer.answers.empty() && query.type == Type::Srv ? nothing(Code::NameError) : answer;
  }
  std::vector<base::IpAddress> addresses;
  if (count == 3) {
    if (!is_headless(*service)) return nothing(Code::NameError);
    for (const auto& endpoint : endpoints(*service)) {
      if (endpoint.host == labels[0]) addresses.push_back(endpoint.address);
    }
    if (addresses.empty()) return nothing(Code::NameError);
  } else if (is_headless(*service)) {
    for (const auto& endpoint : endpoints(*service)) addresses.push_back(endpoint.address);
    if (addresses.empty()) return nothing(Code::NameError);
  } else {
    for (const auto& text : service->spec.cluster_ips) {
      if (auto address = base::IpAddress::parse(text)) addresses.push_back(*address);
    }
  }
  if (query.type == Type::Srv && count == 2) {
    add_services(query, *service, "", "", answer);
  } else {
    add_addresses(query, addresses, answer);
  }
  return answer;
}

Answer Zone::pod_answer(const Query& query, const std::vector<std::string_view>& labels) const {
  if (labels.size() != 2 || !names_.has_namespace(labels[1])) return nothing(Code::NameError);
  std::string text(labels[0]);
  bool v4 = std::count(text.begin(), text.end(), '-') == 3 && text.find("--") == std::string::npos;
  std::replace(text.begin(), text.end(), '-', v4 ? '.' : ':');
  auto address = base::IpAddress::parse(text);
  if (!address) return nothing(Code::NameError);
  Answer answer{.authoritative = true};
  add_addresses(query, {*address}, answer);
  return answer;
}

std::optional<Answer> Zone::reverse(const Query& query) const {
  auto address = reversed_address(query.name);
  if (!address) return std::nullopt;
  auto text = address->to_string();
  Answer answer{.authoritative = true};
  auto add = [&](std::initializer_list<std::string_view> name) {
    if (query.type == Type::Ptr) answer.answers.push_back({query.name, Type::Ptr, kTtl, name_data(base::cat(name))});
  };
  bool known = false;
  for (const auto& service : names_.services_by_address(text)) {
    known = true;
    add({service->metadata.name, ".", service->metadata.namespace_, ".svc.", domain_});
  }
  for (const auto& slice : names_.slices_by_address(text)) {
    auto label = slice->metadata.labels.find("kubernetes.io/service-name");
    auto service =
        label == slice->metadata.labels.end() ? nullptr : names_.service(slice->metadata.namespace_, label->second);
    if (service == nullptr || !is_headless(*service)) continue;
    for (const auto& endpoint : endpoints(*service)) {
      if (endpoint.address != *address) continue;
      known = true;
      add({endpoint.host, ".", service->metadata.name, ".", service->metadata.namespace_, ".svc.", domain_});
      break;
    }
  }
  if (!known) return std::nullopt;
  return answer;
}

std::vector<Zone::Endpoint> Zone::endpoints(const core::Service& service) const {
  std::vector<Endpoint> found;
  for (const auto& slice : names_.slices(service.metadata.namespace_, service.metadata.name)) {
    for (const auto& endpoint : slice->endpoints) {
      if (!is_usable(endpoint, service)) continue;
      for (const auto& text : endpoint.addresses) {
        auto address = base::IpAddress::parse(text);
        if (!address) continue;
        bool seen =
            std::any_of(found.begin(), found.end(), [&](const Endpoint& one) { return one.address == *address; });
        if (!seen)
          found.push_back({*address, endpoint.hostname && !endpoint.hostname->empty()
                                         ? base::to_lower(*endpoint.hostname)
                                         : dashed(*address)});
      }
    }
  }
  return found;
}

void Zone::add_addresses(const Query& query, const std::vector<base::IpAddress>& addresses, Answer& answer) const {
  for (const auto& address : addresses) {
    Type type = address.is_v4() ? Type::A : Type::Aaaa;
    if (query.type == type || query.type == Type::Any)
      answer.answers.push_back({query.name, type, kTtl, address_data(address)});
  }
}

// Those of one port, or of all when `port` is "".
void Zone::add_services(const Query& query, const core::Service& service, std::string_view port,
                        std::string_view protocol, Answer& answer) const {
  if (query.type != Type::Srv && query.type != Type::Any) return;
  auto base = base::cat({service.metadata.name, ".", service.metadata.namespace_, ".svc.", domain_});
  auto wanted = [&](std::string_view name, std::string_view protocol_of) {
    return port.empty() || (name == port && base::to_lower(protocol_of) == protocol);
  };
  auto add = [&](int32_t number, const std::string& target, const base::IpAddress& address) {
    answer.answers.push_back(
        {query.name, Type::Srv, kTtl, service_data(0, 100, static_cast<uint16_t>(number), target)});
    answer.additional.push_back({target, address.is_v4() ? Type::A : Type::Aaaa, kTtl, address_data(address)});
  };
  if (!is_headless(service)) {
    for (const auto& one : service.spec.ports) {
      auto address = base::IpAddress::parse(service.spec.cluster_ip);
      if (address && wanted(one.name, one.protocol)) add(one.port, base, *address);
    }
    return;
  }
  for (const auto& slice : names_.slices(service.metadata.namespace_, service.metadata.name)) {
    for (const auto& one : slice->ports) {
      if (!one.port || !wanted(one.name.value_or(""), one.protocol.value_or("TCP"))) continue;
      for (const auto& endpoint : endpoints(service)) {
        bool here =
            std::any_of(slice->endpoints.begin(), slice->endpoints.end(), [&](const discovery::Endpoint& of_slice) {
              return std::find(of_slice.addresses.begin(), of_slice.addresses.end(), endpoint.address.to_string()) !=
                     of_slice.addresses.end();
            });
        if (here) add(*one.port, base::cat({endpoint.host, ".", base}), endpoint.address);
      }
    }
  }
}

}  // namespace dns
