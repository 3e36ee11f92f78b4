// The small server that a part alone has beside its work: /healthz, /livez, /readyz, /configz, /metrics. Over TLS the
// cluster decides who may ask for what; plain ones are for addresses that only the machine itself reaches.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "apiserver/discovery/debug_pages.h"
#include "apiserver/metrics/health_metrics.h"
#include "base/metrics.h"
#include "base/result.h"
#include "cli/flags.h"
#include "client/client.h"
#include "io/http_server.h"

namespace navarch {

// As upstream's flags say it.
struct ServingOptions {
  std::string bind_address = "0.0.0.0";
  int64_t port = 0;  // 0: nothing is served
  std::string certificate_file, key_file, client_ca_file;
  std::string authentication_kubeconfig, authorization_kubeconfig;
  std::vector<std::string> open_paths = {"/healthz", "/readyz", "/livez"};  // whoever asks; "/x/*" for all below

  void add_flags(cli::Flags& flags);
};

// What is asked for by path. Built before the server, on the loop that it lives on.
class Pages {
 public:
  struct Answer {
    int status = 200;
    std::string text;
    std::string type = "text/plain; charset=utf-8";
  };
  using Check = std::function<base::Result<void>()>;

  void add(std::string path, std::function<Answer()> page) { pages_[std::move(path)] = std::move(page); }
  // One of what /healthz, /livez and /readyz look at; each is also asked for alone, below them.
  void add_check(std::string name, Check check) { checks_.emplace_back(std::move(name), std::move(check)); }
  // {"<group>": <configuration>} at /configz.
  void add_configuration(std::string group, std::string json);
  void add_metrics(const base::Metrics& metrics);  // borrowed
  // /flagz, /statusz and /metrics/slis, as upstream's `component` ("kube-scheduler") has them.
  void add_debug_pages(std::string component, apiserver::FlagValues flags);

  Answer answer(std::string_view path, std::string_view query) const;

 private:
  std::optional<Answer> health(std::string_view path, std::string_view query) const;

  std::map<std::string, std::function<Answer()>, std::less<>> pages_;
  std::vector<std::pair<std::string, Check>> checks_;
  mutable apiserver::HealthMetrics health_metrics_;
};

// On the current loop. `client` asks the cluster who may; it is the part's own unless the options name others.
io::Task<base::Result<std::unique_ptr<io::HttpServer>>> serve_securely(ServingOptions options, std::string component,
                                                                       const Pages& pages, client::Client client);
base::Result<std::unique_ptr<io::HttpServer>> serve_plainly(io::Address address, const Pages& pages);

}  // namespace navarch
