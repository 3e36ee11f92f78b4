#include "pki/cluster.h"

#include <algorithm>

#include "base/file.h"
#include "base/strings.h"

namespace pki {
namespace {

constexpr int64_t kDay = 24 * 3600;
constexpr int64_t kAuthorityLife = 3650 * kDay;
constexpr int64_t kCertificateLife = 365 * kDay;
constexpr int64_t kBackdate = 300;  // clocks of the cluster may differ a little

void set_life(CertificateOptions& options, const base::Clock& clock, int64_t life) {
  int64_t now = clock.wall_ns() / 1'000'000'000;
  options.not_before = {now - kBackdate, 0};
  options.not_after = {now + life, 0};
}

base::Result<void> save(const std::string& stem, const KeyPair& pair) {
  // The key first: a certificate without its key would look complete.
  TRY(base::write_file(stem + ".key", pair.key_pem, 0600));
  return base::write_file(stem + ".crt", pair.certificate_pem, 0644);
}

base::Result<KeyPair> load(const std::string& stem) {
  TRY(auto certificate, base::read_file(stem + ".crt"));
  TRY(auto key, base::read_file(stem + ".key"));
  return KeyPair{std::move(certificate), std::move(key)};
}

base::Result<KeyPair> ensure_authority(const std::string& stem, const std::string& name, const base::Clock& clock) {
  if (base::exists(stem + ".crt")) return load(stem);
  CertificateOptions options{
      .common_name = name, .organizations = {}, .dns_names = {}, .ip_addresses = {}, .authority = true};
  set_life(options, clock, kAuthorityLife);
  TRY(auto pair, make_authority(options));
  TRY(save(stem, pair));
  return pair;
}

bool contains_all(const std::vector<std::string>& have, const std::vector<std::string>& want) {
  return std::all_of(want.begin(), want.end(),
                     [&](const auto& name) { return std::find(have.begin(), have.end(), name) != have.end(); });
}

bool still_good(const KeyPair& pair, const CertificateOptions& wanted, const base::Clock& clock) {
  auto info = read_certificate(pair.certificate_pem);
  if (!info) return false;
  int64_t now = clock.wall_ns() / 1'000'000'000;
  int64_t life = info->not_after.seconds - info->not_before.seconds;
  return info->not_after.seconds - now > life / 3 && info->common_name == wanted.common_name &&
         contains_all(info->dns_names, wanted.dns_names) && contains_all(info->ip_addresses, wanted.ip_addresses);
}

base::Result<KeyPair> ensure_issued(const std::string& stem, const KeyPair& authority, CertificateOptions options,
                                    const base::Clock& clock) {
  set_life(options, clock, kCertificateLife);
  if (auto pair = load(stem); pair && still_good(*pair, options, clock)) return pair;
  TRY(auto pair, issue(authority, options));
  TRY(save(stem, pair));
  return pair;
}

base::Result<std::string> ensure_signing_key(const std::string& directory) {
  std::string path = directory + "/sa.key";
  if (base::exists(path)) return base::read_file(path);
  TRY(auto key, Key::generate(Key::Algorithm::Rsa2048));
  TRY(base::write_file(path, key.private_pem(), 0600));
  TRY(base::write_file(directory + "/sa.pub", key.public_pem(), 0644));
  return key.private_pem();
}

CertificateOptions server_options(const ClusterOptions& options) {
  CertificateOptions server{.common_name = "kube-apiserver",
                            .organizations = {},
                            .dns_names = options.server_names,
                            .ip_addresses = options.server_addresses};
  for (const char* name : {"kubernetes", "kubernetes.default", "kubernetes.default.svc",
                           "kubernetes.default.svc.cluster.local", "localhost"}) {
    server.dns_names.push_back(name);
  }
  server.server = true;
  return server;
}

}  // namespace

base::Result<Cluster> ensure_cluster(const ClusterOptions& options, const base::Clock& clock) {
  TRY(base::make_directories(options.directory, 0700));
  auto stem = [&](const char* name) { return options.directory + "/" + name; };
  Cluster cluster;
  TRY(cluster.authority, ensure_authority(stem("ca"), "kubernetes", clock));
  TRY(cluster.front_proxy_authority, ensure_authority(stem("front-proxy-ca"), "front-proxy-ca", clock));
  TRY(cluster.service_account_key_pem, ensure_signing_key(options.directory));

  TRY(cluster.api_server, ensure_issued(stem("apiserver"), cluster.authority, server_options(options), clock));

  CertificateOptions kubelet_client{.common_name = "kube-apiserver-kubelet-client",
                                    .organizations = {"system:masters"}};
  kubelet_client.client = true;
  TRY(cluster.api_server_kubelet_client,
      ensure_issued(stem("apiserver-kubelet-client"), cluster.authority, kubelet_client, clock));

  CertificateOptions front_proxy{.common_name = "front-proxy-client"};
  front_proxy.client = true;
  TRY(cluster.front_proxy_client,
      ensure_issued(stem("front-proxy-client"), cluster.front_proxy_authority, front_proxy, clock));

  CertificateOptions kubelet{.common_name = "system:node:" + options.node_name,
                             .organizations = {"system:nodes"},
                             .dns_names = {options.node_name},
                             .ip_addresses = options.node_addresses};
  kubelet.server = true;
  TRY(cluster.kubelet_server, ensure_issued(stem("kubelet"), cluster.authority, kubelet, clock));
  return cluster;
}

base::Result<KeyPair> issue_client(const KeyPair& authority, const std::string& name,
                                   const std::vector<std::string>& groups, const base::Clock& clock) {
  CertificateOptions options{.common_name = name, .organizations = groups};
  options.client = true;
  set_life(options, clock, kCertificateLife);
  return issue(authority, options);
}

base::Result<KeyPair> make_self_signed(const std::string& name, std::vector<std::string> dns_names,
                                       std::vector<std::string> addresses, const base::Clock& clock) {
  CertificateOptions options{.common_name = name,
                             .organizations = {},
                             .dns_names = std::move(dns_names),
                             .ip_addresses = std::move(addresses)};
  options.server = true;
  set_life(options, clock, kCertificateLife);
  return make_authority(options);
}

std::string make_kubeconfig(const std::string& server_url, const std::string& authority_pem, const std::string& user,
                            const KeyPair& client) {
  return base::cat({"apiVersion: v1\nkind: Config\nclusters:\n- name: navarch\n  cluster:\n    server: ", server_url,
                    "\n    certificate-authority-data: ", base::base64_encode(authority_pem),
                    "\ncontexts:\n- name: ", user, "@navarch\n  context:\n    cluster: navarch\n    user: ", user,
                    "\ncurrent-context: ", user, "@navarch\nusers:\n- name: ", user,
                    "\n  user:\n    client-certificate-data: ", base::base64_encode(client.certificate_pem),
                    "\n    client-key-data: ", base::base64_encode(client.key_pem), "\n"});
}

}  // namespace pki
