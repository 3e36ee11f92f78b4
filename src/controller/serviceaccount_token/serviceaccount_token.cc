#include "controller/serviceaccount_token/serviceaccount_token.h"

#include "api/core_v1.h"
#include "base/json.h"
#include "base/log.h"
#include "base/strings.h"
#include "client/queue.h"
#include "client/status.h"
#include "controller/common/ownership.h"
#include "pki/jwt.h"

namespace controller {
namespace {

using api::core_v1::Secret;
using api::core_v1::ServiceAccount;
using base::Result;
using client::Key;

constexpr const char* kType = "type=kubernetes.io/service-account-token";
constexpr std::string_view kAccountName = "kubernetes.io/service-account.name";
constexpr std::string_view kAccountUid = "kubernetes.io/service-account.uid";

std::string annotation(const Secret& secret, std::string_view name) {
  auto found = secret.metadata.annotations.find(name);
  return found == secret.metadata.annotations.end() ? "" : found->second;
}

Key account_of(const Secret& secret) {
  return {secret.metadata.namespace_, annotation(secret, kAccountName)};
}

std::string claims(const ServiceAccount& account, const Secret& secret) {
  const auto& namespace_ = account.metadata.namespace_;
  std::string out = R"({"iss":"kubernetes/serviceaccount")";
  auto claim = [&](std::string_view name, std::string_view value) {
    out += base::cat({",\"", name, "\":"});
    base::append_json_string(out, value);
  };
  claim("kubernetes.io/serviceaccount/namespace", namespace_);
  claim("kubernetes.io/serviceaccount/secret.name", secret.metadata.name);
  claim("kubernetes.io/serviceaccount/service-account.name", account.metadata.name);
  claim("kubernetes.io/serviceaccount/service-account.uid", account.metadata.uid);
  claim("sub", base::cat({"system:serviceaccount:", namespace_, ":", account.metadata.name}));
  return out + "}";
}

class ServiceAccountTokens final : public Controller {
 public:
  explicit ServiceAccountTokens(Context& context)
      : context_(context),
        accounts_(context.caches.of<ServiceAccount>()),
        secrets_(context.reader, {.field_selector = kType}),
        queue_(context.random) {
    secrets_.add_index("account", [](const Secret& secret) { return std::vector{account_of(secret).text()}; });
    secrets_.add_listener([this](const Key& key, const Secret*, const Secret* now) {
      if (now) queue_.add(key);
    });
    accounts_.add_listener([this](const Key& key, const ServiceAccount*, const ServiceAccount*) {
      for (const auto& secret : secrets_.by_index("account", key.text())) {
        queue_.add({secret->metadata.namespace_, secret->metadata.name});
      }
    });
  }

  io::Task<void> run() override {
    if (context_.options.service_account_key.empty()) co_return;
    auto key = pki::Key::from_pem(context_.options.service_account_key);
    if (!key) {
      LOG_ERROR("No service account tokens are made", {"err", key.error().message()});
      co_return;
    }
    key_ = std::move(*key);
    io::Scope scope;
    scope.spawn(secrets_.run());
    co_await accounts_.wait_synced();
    co_await secrets_.wait_synced();
    co_await client::run_workers("serviceaccount-token", queue_, context_.options.workers,
                                 [this](Key secret) { return reconcile(std::move(secret)); });
  }

 private:
  io::Task<Result<void>> reconcile(Key key) {
    auto secret = secrets_.get(key);
    if (!secret || is_being_deleted(secret->metadata)) co_return {};
    Key owner = account_of(*secret);
    if (owner.name.empty()) co_return {};
    auto account = accounts_.get(owner);
    if (!account) {
      // The cache may lag: only the server says that the account is not there.
      auto fresh = co_await context_.reader.get<ServiceAccount>(owner.namespace_, owner.name);
      if (fresh) {
        account = std::make_shared<const ServiceAccount>(std::move(*fresh));
      } else if (fresh.error().code() != base::Code::NotFound) {
        co_return base::fail(fresh.error());
      }
    }
    std::string uid = annotation(*secret, kAccountUid);
    if (!account || (!uid.empty() && uid != account->metadata.uid)) co_return co_await remove(*secret);
    co_return co_await fill(*secret, *account);
  }

  io::Task<Result<void>> remove(const Secret& secret) {
    auto removed = co_await context_.reader.remove<Secret>(secret.metadata.namespace_, secret.metadata.name,
                                                           {.uid = secret.metadata.uid});
    if (!removed && removed.error().code() != base::Code::NotFound) co_return removed;
    co_return {};
  }

  io::Task<Result<void>> fill(Secret secret, const ServiceAccount& account) {
    Secret before = secret;
    secret.metadata.annotations[std::string(kAccountUid)] = account.metadata.uid;
    if (!context_.options.root_ca.empty()) secret.data["ca.crt"] = context_.options.root_ca;
    if (secret.data["namespace"].empty()) secret.data["namespace"] = secret.metadata.namespace_;
    if (secret.data["token"].empty()) {
      CO_TRY(secret.data["token"], pki::sign_jwt(claims(account, secret), *key_));
    }
    if (secret == before) co_return {};
    auto written = co_await context_.reader.update(std::move(secret));
    if (!written && written.error().code() != base::Code::NotFound) co_return base::fail(written.error());
    co_return {};
  }

  Context& context_;
  client::Cache<ServiceAccount>& accounts_;
  client::Cache<Secret> secrets_;
  client::Queue queue_;
  std::optional<pki::Key> key_;
};

}  // namespace

std::unique_ptr<Controller> make_serviceaccount_token_controller(Context& context) {
  return std::make_unique<ServiceAccountTokens>(context);
}

}  // namespace controller
