// Who is who at the API server: all the ways that its options ask for, as one.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "apiserver/authn/anonymous.h"
#include "apiserver/authn/authentication_metrics.h"
#include "apiserver/authn/authorities.h"
#include "apiserver/authn/bearer.h"
#include "apiserver/authn/configured_issuers.h"
#include "apiserver/authn/token_issuer.h"
#include "apiserver/registry/reader.h"
#include "base/metrics.h"
#include "io/task.h"

namespace navarch {

struct ApiServerOptions;

class Authentication {
 public:
  // All but the options is borrowed. BadRequest for options that make no sense.
  static base::Result<std::unique_ptr<Authentication>> create(const ApiServerOptions& options, store::Store& store,
                                                              const apiserver::Catalog& catalog, base::Metrics& metrics,
                                                              std::string_view server_id);

  apiserver::Authenticator& authenticator() { return *authenticator_; }
  apiserver::TokenJudge& tokens() { return tokens_; }
  const apiserver::TokenIssuer& issuer() const { return *issuer_; }
  const apiserver::AnonymousAccess& anonymous() const { return anonymous_; }

  // Whose certificates are believed now, as PEM: clients', and front proxies' ("" for none).
  std::string client_ca() const { return client_authorities_->pem(); }
  std::string front_proxy_ca() const { return front_proxies_ == nullptr ? "" : front_proxies_->pem(); }
  // Told after their files have changed, on the loop of run(). Before run().
  void on_authorities_changed(std::function<void()> changed) { authorities_changed_ = std::move(changed); }

  // Follows the files that are read again when they change, until cancelled.
  io::Task<void> run();

 private:
  Authentication(store::Store& store, const apiserver::Catalog& catalog, base::Metrics& metrics)
      : reader_(store, catalog), metrics_(metrics) {}
  base::Result<void> add_service_accounts(const ApiServerOptions& options, apiserver::FindUid find_uid);
  base::Result<void> add_issuers(const ApiServerOptions& options, std::string_view server_id);
  base::Result<void> add_webhook(const ApiServerOptions& options);
  base::Result<void> make_authenticator(const ApiServerOptions& options);

  apiserver::Reader reader_;
  apiserver::AuthenticationMetrics metrics_;
  std::vector<std::string> audiences_;  // the API server's own
  std::shared_ptr<apiserver::KeyRing> keys_;
  std::vector<std::string> key_files_;  // none: the keys are for good
  std::vector<std::string> key_texts_;
  std::unique_ptr<apiserver::TokenIssuer> issuer_;
  apiserver::TokenJudges tokens_;
  apiserver::ConfiguredIssuers* issuers_ = nullptr;  // among the tokens' judges
  apiserver::AnonymousAccess anonymous_;
  std::shared_ptr<apiserver::Authorities> client_authorities_, front_proxies_;  // the latter null for none
  std::string client_ca_file_, front_proxy_file_;                               // "": they are for good
  std::function<void()> authorities_changed_;
  std::unique_ptr<apiserver::UnionAuthenticator> authenticator_;
};

}  // namespace navarch
