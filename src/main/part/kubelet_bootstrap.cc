#include "main/part/kubelet_bootstrap.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "api/certificates_k8s_io_v1.h"
#include "base/file.h"
#include "base/log.h"
#include "base/strings.h"
#include "base/time.h"
#include "client/kubeconfig.h"
#include "client/status.h"
#include "io/loop.h"
#include "main/part/part.h"
#include "pki/certificate.h"
#include "pki/cluster.h"

namespace navarch {
namespace {

using api::certificates_k8s_io_v1::CertificateSigningRequest;

constexpr auto kAskAgain = std::chrono::milliseconds(500);
constexpr auto kAskAgainMax = std::chrono::seconds(10);
constexpr double kRenewAt = 0.8;  // of its life
constexpr auto kRenewAgain = std::chrono::minutes(10);

// Waits for the certificate of a request; a network that fails is tried again.
io::Task<base::Result<std::string>> wait_for_certificate(client::Client client, std::string name) {
  io::Duration pause = kAskAgain;
  for (;;) {
    auto request = co_await client.get<CertificateSigningRequest>("", name);
    if (request) {
      if (!request->status.certificate.empty()) co_return request->status.certificate;
      for (const auto& condition : request->status.conditions) {
        if (condition.type == "Denied" || condition.type == "Failed") {
          co_return base::fail(base::Code::Forbidden,
                               base::cat({"certificate signing request ", name, " is ", base::to_lower(condition.type),
                                          ", reason: ", condition.reason, ", message: ", condition.message}));
        }
      }
    } else if (client::is(request, base::Code::NotFound) || client::is(request, base::Code::Forbidden)) {
      co_return base::fail(request.error());
    }
    co_await io::sleep(pause);
    pause = std::min<io::Duration>(pause * 2, kAskAgainMax);
  }
}

// The two kinds that a node has.
struct Wanted {
  std::string_view kind;  // as files are named by it
  std::string_view signer, usage;
  std::vector<std::string> dns_names, addresses;
};
Wanted client_certificate() {
  return {.kind = "client",
          .signer = "kubernetes.io/kube-apiserver-client-kubelet",
          .usage = "client auth",
          .dns_names = {},
          .addresses = {}};
}
Wanted server_certificate(const BootstrapOptions& options, std::vector<std::string> addresses) {
  return {.kind = "server",
          .signer = "kubernetes.io/kubelet-serving",
          .usage = "server auth",
          .dns_names = {options.node_name},
          .addresses = std::move(addresses)};
}

// Certificate and key of a new key, as one PEM text.
io::Task<base::Result<std::string>> ask(client::Client client, const BootstrapOptions& options, Wanted kind) {
  CO_TRY(auto key, pki::Key::generate(pki::Key::Algorithm::EcdsaP256));
  pki::CertificateOptions wanted{.common_name = "system:node:" + options.node_name,
                                 .organizations = {"system:nodes"},
                                 .dns_names = kind.dns_names,
                                 .ip_addresses = kind.addresses};
  CertificateSigningRequest request;
  request.metadata.generate_name = "csr-";
  CO_TRY(request.spec.request, pki::make_request(key, wanted));
  request.spec.signer_name = kind.signer;
  request.spec.usages = {"digital signature", std::string(kind.usage)};
  CO_TRY(auto created, co_await client.create(std::move(request)));
  LOG_INFO("Waiting for a certificate to be issued", {"kind", kind.kind}, {"csr", created.metadata.name});
  CO_TRY(auto certificate, co_await wait_for_certificate(client, created.metadata.name));
  co_return certificate + key.private_pem();
}

// Under a name with the date, and "current" pointing to it, as upstream keeps them.
base::Result<void> keep(const BootstrapOptions& options, std::string_view kind, const std::string& pem,
                        const base::Clock& clock) {
  TRY(base::make_directories(options.certificate_directory, 0755));
  auto stamp = base::format_rfc3339(base::Time::from_ns(clock.wall_ns()).truncated_to_seconds());
  std::replace(stamp.begin(), stamp.end(), ':', '-');
  auto path =
      base::cat({options.certificate_directory, "/kubelet-", kind, "-", stamp.substr(0, stamp.size() - 1), ".pem"});
  TRY(base::write_file(path, pem, 0600));
  auto current = base::cat({options.certificate_directory, "/kubelet-", kind, "-current.pem"});
  auto beside = current + ".new";
  unlink(beside.c_str());
  if (symlink(path.c_str(), beside.c_str()) != 0 || rename(beside.c_str(), current.c_str()) != 0) {
    return base::fail(base::system_error("link " + current, errno));
  }
  return {};
}

// Until most of a certificate's life is over.
base::Result<io::Duration> time_left(const std::string& file, const base::Clock& clock) {
  TRY(auto pem, base::read_file(file));
  TRY(auto info, pki::read_certificate(pem));
  double life = static_cast<double>(info.not_after.seconds - info.not_before.seconds);
  int64_t due = info.not_before.seconds + static_cast<int64_t>(life * kRenewAt);
  return std::chrono::seconds(due - clock.wall_ns() / 1'000'000'000);
}

}  // namespace

io::Task<base::Result<void>> ensure_kubelet_identity(const BootstrapOptions& options, base::Clock& clock) {
  if (options.bootstrap_kubeconfig.empty() || base::exists(options.kubeconfig)) co_return {};
  if (options.kubeconfig.empty())
    co_return base::fail(base::Code::BadRequest,
                         "--bootstrap-kubeconfig needs --kubeconfig: where to write what it gets");
  CO_TRY(auto access, client::load_kubeconfig(options.bootstrap_kubeconfig));
  CO_TRY(auto client, connect({.kubeconfig = options.bootstrap_kubeconfig}, "kubelet"));
  io::Duration pause = kAskAgain;
  base::Result<std::string> pem = base::fail(base::Code::Unavailable, "not asked");
  for (;;) {
    pem = co_await ask(client, options, client_certificate());
    if (pem || pem.error().code() == base::Code::Forbidden || pem.error().code() == base::Code::Unauthorized) break;
    LOG_WARNING("No client certificate yet", {"err", pem.error().message()});
    co_await io::sleep(pause);
    pause = std::min<io::Duration>(pause * 2, kAskAgainMax);
  }
  if (!pem) co_return base::fail(pem.error().with_context("no client certificate"));
  CO_TRY(keep(options, "client", *pem, clock));
  access.token = access.token_file = access.username = access.password = "";
  access.certificate_data = access.key_data = "";
  access.certificate_file = access.key_file = options.current();
  co_return base::write_file(options.kubeconfig, client::write_kubeconfig(access, "default-cluster", "default-auth"),
                             0600);
}

io::Task<void> rotate_kubelet_certificate(BootstrapOptions options, base::Clock& clock) {
  auto access = client::load_kubeconfig(options.kubeconfig);
  if (!access || access->certificate_file != options.current()) co_return;
  for (;;) {
    auto left = time_left(options.current(), clock);
    if (left && *left > io::Duration::zero()) {
      co_await io::sleep(*left);
      continue;  // looked at again: the clock may have been set
    }
    if (left) {
      auto client = connect({.kubeconfig = options.kubeconfig}, "kubelet");
      auto fresh = client ? co_await ask(*client, options, client_certificate())
                          : base::Result<std::string>(base::fail(client.error()));
      auto kept = fresh ? keep(options, "client", *fresh, clock) : base::Result<void>(base::fail(fresh.error()));
      if (kept) continue;
      LOG_WARNING("The client certificate is not renewed", {"err", kept.error().message()});
    }
    co_await io::sleep(kRenewAgain);
  }
}

base::Result<void> begin_server_certificate(const BootstrapOptions& options, const std::vector<std::string>& addresses,
                                            base::Clock& clock) {
  if (base::exists(options.current_of_server())) return {};
  TRY(base::make_directories(options.certificate_directory, 0755));
  TRY(auto pair, pki::make_self_signed(options.node_name, {options.node_name}, addresses, clock));
  return base::write_file(options.current_of_server(), pair.certificate_pem + pair.key_pem, 0600);
}

io::Task<void> rotate_server_certificate(BootstrapOptions options, client::Client client,
                                         std::vector<std::string> addresses, base::Clock& clock) {
  const auto current = options.current_of_server();
  for (;;) {
    // Those that were signed are linked to.
    struct stat about{};
    bool is_signed = lstat(current.c_str(), &about) == 0 && S_ISLNK(about.st_mode);
    auto left = time_left(current, clock);
    if (is_signed && left && *left > io::Duration::zero()) {
      co_await io::sleep(*left);
      continue;
    }
    auto fresh = co_await ask(client, options, server_certificate(options, addresses));
    auto kept = fresh ? keep(options, "server", *fresh, clock) : base::Result<void>(base::fail(fresh.error()));
    if (kept) continue;
    LOG_WARNING("The serving certificate is not renewed", {"err", kept.error().message()});
    co_await io::sleep(is_signed ? io::Duration(kRenewAgain) : io::Duration(kAskAgainMax));
  }
}

}  // namespace navarch
