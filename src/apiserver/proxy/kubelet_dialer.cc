#include "apiserver/proxy/kubelet_dialer.h"

#include "api/core_v1.h"
#include "base/strings.h"

namespace apiserver {
namespace {

constexpr uint16_t kKubeletPort = 10250;

}  // namespace

base::Result<std::unique_ptr<KubeletDialer>> KubeletDialer::create(Options options) {
  std::unique_ptr<KubeletDialer> dialer(new KubeletDialer());
  dialer->address_types_ = std::move(options.address_types);
  io::TlsClient::Options tls;
  tls.skip_verify = options.authority.empty();
  tls.ca = std::move(options.authority);
  tls.certificate = std::move(options.certificate);
  tls.key = std::move(options.key);
  TRY(dialer->tls_, io::TlsClient::create(std::move(tls)));
  return dialer;
}

base::Result<std::string> preferred_address(const api::core_v1::Node& node, const std::vector<std::string>& types) {
  std::vector<std::string> known;
  for (const auto& type : types) {
    for (const auto& address : node.status.addresses) {
      if (address.type == type && !address.address.empty()) return address.address;
    }
  }
  for (const auto& address : node.status.addresses)
    known.push_back(base::cat({"{", address.type, " ", address.address, "}"}));
  return base::fail(base::Code::NotFound,
                    base::cat({"no preferred addresses found; known addresses: [", base::join(known, " "), "]"}));
}

base::Result<io::Address> KubeletDialer::address_of(const api::core_v1::Node& node) const {
  io::Address address;
  TRY(address.host, preferred_address(node, address_types_));
  int32_t port = node.status.daemon_endpoints.kubelet_endpoint.port;
  address.port = port > 0 && port < 65536 ? static_cast<uint16_t>(port) : kKubeletPort;
  return address;
}

base::Result<std::unique_ptr<io::HttpClient>> KubeletDialer::client(const io::Address& address) const {
  io::HttpClient::Options options;
  options.url = base::cat({"https://", address.text()});
  options.tls = tls_;
  return io::HttpClient::create(std::move(options));
}

}  // namespace apiserver
