#include "kubelet/pods/network.h"

#include <algorithm>

#include "base/strings.h"

namespace kubelet {
namespace {

constexpr size_t kServersMax = 3;
constexpr size_t kSearchesMax = 32;
constexpr size_t kKernelNameMax = 64;

std::vector<std::string> words(std::string_view line) {
  std::vector<std::string> out;
  size_t at = 0;
  while ((at = line.find_first_not_of(" \t\r", at)) != std::string_view::npos) {
    size_t end = std::min(line.find_first_of(" \t\r", at), line.size());
    out.emplace_back(line.substr(at, end - at));
    at = end;
  }
  return out;
}

void add_once(std::vector<std::string>& to, const std::vector<std::string>& more) {
  for (auto& one : more)
    if (std::ranges::find(to, one) == to.end()) to.push_back(one);
}

std::string aliases(const core::Pod& pod) {
  if (pod.spec.host_aliases.empty()) return "";
  std::string out = "\n# Entries added by HostAliases.\n";
  for (auto& alias : pod.spec.host_aliases) out += alias.ip + "\t" + base::join(alias.hostnames, "\t") + "\n";
  return out;
}

}  // namespace

api::cri::DNSConfig parse_resolv_conf(std::string_view text) {
  api::cri::DNSConfig out;
  for (auto line : base::split(text, '\n')) {
    if (auto comment = line.find_first_of("#;"); comment != std::string_view::npos) line = line.substr(0, comment);
    auto fields = words(line);
    if (fields.size() < 2) continue;
    std::vector<std::string> rest(fields.begin() + 1, fields.end());
    if (fields[0] == "nameserver") out.servers.push_back(rest[0]);
    if (fields[0] == "search" || fields[0] == "domain") out.searches = rest;
    if (fields[0] == "options") out.options = rest;
  }
  return out;
}

PodDns pod_dns(const core::Pod& pod, const DnsOptions& options) {
  PodDns out;
  std::string_view policy = pod.spec.dns_policy;
  bool cluster = policy == "ClusterFirstWithHostNet" || (policy == "ClusterFirst" && !pod.spec.host_network);
  if (cluster && options.cluster_servers.empty()) {
    cluster = false;
    out.problem = "pod: \"" + pod_text(pod) +
                  "\". kubelet does not have ClusterDNS IP configured and cannot create Pod using \"" +
                  pod.spec.dns_policy + "\" policy. Falling back to \"Default\" policy.";
  }
  if (cluster) {
    out.config.servers = options.cluster_servers;
    if (!options.cluster_domain.empty())
      out.config.searches = {pod.metadata.namespace_ + ".svc." + options.cluster_domain,
                             "svc." + options.cluster_domain, options.cluster_domain};
    add_once(out.config.searches, options.host.searches);
    out.config.options = {"ndots:5"};
  } else if (policy != "None") {
    out.config = options.host;
  }
  if (pod.spec.dns_config) {
    auto& own = *pod.spec.dns_config;
    add_once(out.config.servers, own.nameservers);
    add_once(out.config.searches, own.searches);
    for (auto& option : own.options) {
      // The pod's word on an option replaces what is there.
      std::erase_if(out.config.options, [&](auto& old) { return old.substr(0, old.find(':')) == option.name; });
      out.config.options.push_back(option.value && !option.value->empty() ? option.name + ":" + *option.value
                                                                          : option.name);
    }
  }
  if (out.config.servers.size() > kServersMax) out.config.servers.resize(kServersMax);
  if (out.config.searches.size() > kSearchesMax) out.config.searches.resize(kSearchesMax);
  return out;
}

PodNames pod_names(const core::Pod& pod, const std::string& cluster_domain) {
  PodNames out;
  if (pod.spec.hostname_override) {
    out.hostname = out.shown = *pod.spec.hostname_override;
    return out;
  }
  out.hostname = pod.spec.hostname.empty() ? pod.metadata.name : pod.spec.hostname;
  if (out.hostname.size() > 63) {
    out.hostname.resize(63);
    while (!out.hostname.empty() && (out.hostname.back() == '-' || out.hostname.back() == '.')) out.hostname.pop_back();
  }
  if (!pod.spec.subdomain.empty())
    out.domain = pod.spec.subdomain + "." + pod.metadata.namespace_ + ".svc" +
                 (cluster_domain.empty() ? "" : "." + cluster_domain);
  bool full = pod.spec.set_hostname_as_fqdn.value_or(false) && !out.domain.empty();
  out.shown = full ? out.hostname + "." + out.domain : out.hostname;
  return out;
}

base::Result<void> check_names(const PodNames& names) {
  if (names.shown.size() <= kKernelNameMax) return {};
  return base::fail(base::Code::Invalid,
                    base::cat({"failed to construct FQDN from pod hostname and cluster domain, FQDN ", names.shown,
                               " is too long (", std::to_string(kKernelNameMax), " characters is the max, ",
                               std::to_string(names.shown.size()), " characters requested)"}));
}

std::string hosts_file(const core::Pod& pod, const PodNames& names, const std::vector<std::string>& pod_ips) {
  std::string out =
      "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"
      "fe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n";
  for (auto& ip : pod_ips) {
    out += ip + "\t";
    if (!names.domain.empty()) out += names.hostname + "." + names.domain + "\t";
    out += names.hostname + "\n";
  }
  return out + aliases(pod);
}

std::string host_network_hosts_file(std::string_view node_file, const core::Pod& pod) {
  return "# Kubernetes-managed hosts file (host network).\n" + std::string(node_file) + aliases(pod);
}

}  // namespace kubelet
