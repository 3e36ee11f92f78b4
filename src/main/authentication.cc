#include "main/authentication.h"

#include "apiserver/authn/bootstrap_token.h"
#include "apiserver/authn/certificate.h"
#include "apiserver/authn/front_proxy.h"
#include "apiserver/authn/legacy_token.h"
#include "apiserver/authn/token_webhook.h"
#include "apiserver/outbound/kubeconfig.h"
#include "apiserver/pipeline/digest.h"
#include "apiserver/registry/find_uid.h"
#include "base/file.h"
#include "main/api_server.h"

namespace navarch {

base::Result<std::unique_ptr<Authentication>> Authentication::create(const ApiServerOptions& options,
                                                                     store::Store& store,
                                                                     const apiserver::Catalog& catalog,
                                                                     base::Metrics& metrics,
                                                                     std::string_view server_id) {
  std::unique_ptr<Authentication> made(new Authentication(store, catalog, metrics));
  made->audiences_ = options.api_audiences;
  if (made->audiences_.empty()) made->audiences_ = {options.service_account_issuers.front()};
  TRY(made->add_service_accounts(options, apiserver::make_find_uid(store, catalog, base::system_clock())));
  if (options.bootstrap_tokens)
    made->tokens_.add(std::make_unique<apiserver::BootstrapTokenJudge>(made->reader_, base::system_clock()));
  TRY(made->add_issuers(options, server_id));
  TRY(made->add_webhook(options));
  TRY(made->make_authenticator(options));
  return made;
}

base::Result<void> Authentication::add_service_accounts(const ApiServerOptions& options, apiserver::FindUid find_uid) {
  auto& clock = base::system_clock();
  std::vector<std::string> pems = {options.service_account_key};
  key_files_ = {options.service_account_key_file};
  for (const auto& [file, pem] : options.service_account_public_keys) {
    pems.push_back(pem);
    key_files_.push_back(file);
  }
  if (options.service_account_key_file.empty()) key_files_.clear();
  TRY(auto keys, apiserver::read_token_keys(pems));
  key_texts_ = std::move(pems);
  keys_ = std::make_shared<apiserver::KeyRing>(std::move(keys));
  const auto& issuers = options.service_account_issuers;
  issuer_ = std::make_unique<apiserver::TokenIssuer>(issuers.front(), audiences_, keys_, clock, base::system_random());
  tokens_.add(std::make_unique<apiserver::LegacyTokenJudge>(reader_, keys_, audiences_));
  tokens_.add(std::make_unique<apiserver::TokenVerifier>(apiserver::TokenVerifier::Options{issuers, audiences_, keys_},
                                                         std::move(find_uid), clock));
  return {};
}

base::Result<void> Authentication::add_issuers(const ApiServerOptions& options, std::string_view server_id) {
  apiserver::IssuerContext context{.own_issuers = options.service_account_issuers,
                                   .server_audiences = audiences_,
                                   .algorithms = {},
                                   .server_hash = apiserver::sha256_label(server_id),
                                   .clock = base::system_clock(),
                                   .metrics = metrics_};
  apiserver::AuthenticationConfiguration configuration;
  std::string yaml;
  anonymous_.enabled = options.anonymous;
  if (!options.authentication_file.empty()) {
    TRY(yaml, base::read_file(options.authentication_file));
    auto read = apiserver::read_authentication_configuration(yaml);
    if (!read) return base::fail(read.error().with_context(options.authentication_file));
    configuration = std::move(*read);
    if (const auto& anonymous = configuration.anonymous) {
      if (options.anonymous_given) {
        return base::fail(base::Code::BadRequest,
                          "--anonymous-auth flag cannot be set when anonymous field is configured in authentication "
                          "configuration file");
      }
      anonymous_.enabled = anonymous->enabled;
      for (const auto& condition : anonymous->conditions) anonymous_.paths.push_back(condition.path);
    }
  } else {
    TRY(configuration, apiserver::configuration_of(options.oidc));
    context.algorithms = options.oidc.signing_algorithms;
    if (context.algorithms.empty()) context.algorithms = {"RS256"};
    if (configuration.jwt.empty()) return {};
  }
  TRY(auto issuers, apiserver::ConfiguredIssuers::create(configuration, std::move(context), options.authentication_file,
                                                         std::move(yaml)));
  issuers_ = issuers.get();
  tokens_.add(std::move(issuers));
  return {};
}

base::Result<void> Authentication::add_webhook(const ApiServerOptions& options) {
  if (options.token_webhook_kubeconfig.empty()) return {};
  TRY(auto server, apiserver::destination_of_kubeconfig(options.token_webhook_kubeconfig));
  tokens_.add(std::make_unique<apiserver::TokenWebhook>(
      apiserver::TokenWebhook::Options{std::move(server), audiences_,
                                       options.token_webhook_remember_ns / 1'000'000'000},
      base::system_clock()));
  return {};
}

base::Result<void> Authentication::make_authenticator(const ApiServerOptions& options) {
  auto& clock = base::system_clock();
  std::vector<std::unique_ptr<apiserver::Authenticator>> members;
  if (!options.front_proxy_ca.empty()) {
    TRY(front_proxies_, apiserver::Authorities::from_pem(options.front_proxy_ca));
    front_proxy_file_ = options.front_proxy_ca_file;
    members.push_back(std::make_unique<apiserver::FrontProxyAuthenticator>(
        apiserver::FrontProxyAuthenticator::Options{
            front_proxies_, options.front_proxy_names, options.front_proxy_user_headers,
            options.front_proxy_uid_headers, options.front_proxy_group_headers, options.front_proxy_extra_prefixes},
        clock));
  }
  TRY(client_authorities_, apiserver::Authorities::from_pem(options.client_ca));
  client_ca_file_ = options.client_ca_file;
  members.push_back(std::make_unique<apiserver::CertificateAuthenticator>(client_authorities_, clock));
  if (!options.static_tokens.empty()) {
    TRY(auto tokens, apiserver::StaticTokenAuthenticator::from_csv(options.static_tokens));
    members.push_back(std::move(tokens));
  }
  members.push_back(std::make_unique<apiserver::TokenAuthenticator>(tokens_, clock));
  authenticator_ = std::make_unique<apiserver::UnionAuthenticator>(std::move(members));
  return {};
}

io::Task<void> Authentication::run() {
  io::Scope scope;
  if (!key_files_.empty()) scope.spawn(apiserver::follow_token_keys(keys_, key_files_, key_texts_));
  if (issuers_ != nullptr) scope.spawn(issuers_->run());
  auto changed = [this] {
    if (authorities_changed_) authorities_changed_();
  };
  if (!client_ca_file_.empty())
    scope.spawn(apiserver::follow_authorities(client_authorities_, client_ca_file_, changed));
  if (front_proxies_ != nullptr && !front_proxy_file_.empty())
    scope.spawn(apiserver::follow_authorities(front_proxies_, front_proxy_file_, changed));
  io::Event never;
  co_await never.wait();
}

}  // namespace navarch
