// The API server as a client of kubelets: where a node's kubelet is, and connections to it with our certificate. Safe
// from any thread; what it gives belongs to the loop it is asked on.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/http_client.h"
#include "io/socket.h"
#include "io/tls.h"

namespace api::core_v1 {
struct Node;
}

namespace apiserver {

class KubeletDialer {
 public:
  struct Options {
    io::Pem certificate, key;  // what we show
    io::Pem authority;         // whom we trust; empty: anyone, as upstream without --kubelet-certificate-authority
    // Which of a node's addresses, the first kind it has; upstream's --kubelet-preferred-address-types.
    std::vector<std::string> address_types = {"InternalIP", "ExternalIP", "Hostname"};
  };
  static base::Result<std::unique_ptr<KubeletDialer>> create(Options options);

  // NotFound when the node has told no address. Port 10250 when it has told none.
  base::Result<io::Address> address_of(const api::core_v1::Node& node) const;
  base::Result<std::unique_ptr<io::HttpClient>> client(const io::Address& address) const;
  const std::shared_ptr<io::TlsClient>& tls() const { return tls_; }

 private:
  KubeletDialer() = default;

  std::vector<std::string> address_types_;
  std::shared_ptr<io::TlsClient> tls_;
};

// Which of the node's addresses to use; see KubeletDialer::Options.
base::Result<std::string> preferred_address(const api::core_v1::Node& node, const std::vector<std::string>& types);

}  // namespace apiserver
