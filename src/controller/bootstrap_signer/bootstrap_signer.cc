#include "controller/bootstrap_signer/bootstrap_signer.h"

#include <algorithm>

#include "client/queue.h"
#include "controller/common/ownership.h"
#include "pki/bootstrap_token.h"

namespace controller {
namespace {

using api::core_v1::ConfigMap;
using api::core_v1::Secret;
using base::Result;
using client::Key;

constexpr std::string_view kNamespace = "kube-public";
constexpr std::string_view kName = "cluster-info";
constexpr std::string_view kText = "kubeconfig";  // what is signed
constexpr std::string_view kSignature = "jws-kubeconfig-";

class BootstrapSigner final : public Controller {
 public:
  explicit BootstrapSigner(Context& context)
      : context_(context),
        maps_(context.reader, {.field_selector = base::cat({"metadata.name=", kName})}, std::string(kNamespace)),
        secrets_(context.reader, {.field_selector = base::cat({"type=", pki::kBootstrapTokenType})},
                 std::string(pki::kBootstrapTokenNamespace)),
        queue_(context.random) {
    maps_.add_listener([this](const Key&, const ConfigMap*, const ConfigMap*) { queue_.add(key()); });
    secrets_.add_listener([this](const Key&, const Secret*, const Secret*) { queue_.add(key()); });
  }

  io::Task<void> run() override {
    io::Scope scope;
    scope.spawn(maps_.run());
    scope.spawn(secrets_.run());
    co_await maps_.wait_synced();
    co_await secrets_.wait_synced();
    co_await client::run_workers("bootstrap-signer", queue_, 1, [this](Key) { return reconcile(); });
  }

 private:
  static Key key() { return {std::string(kNamespace), std::string(kName)}; }

  // Looked at again when the first of the tokens in use ends.
  io::Task<Result<void>> reconcile() {
    auto current = maps_.get(key());
    if (!current) co_return {};
    ConfigMap wanted = *current;
    std::erase_if(wanted.data, [](const auto& one) { return one.first.starts_with(kSignature); });
    auto text = wanted.data.find(std::string(kText));
    if (text == wanted.data.end()) co_return {};
    std::string kubeconfig = text->second;
    for (const auto& secret : secrets_.list()) {
      pki::BootstrapTokenSecret said(secret->metadata.name, secret->type, secret->data);
      auto token = said.token();
      if (!token || !said.is_for("signing") || is_being_deleted(secret->metadata)) continue;
      auto left = said.time_left_ns(context_.clock.wall_ns());
      if (left && *left <= 0) continue;
      if (left) queue_.add_after(key(), io::Duration(*left));
      wanted.data[base::cat({kSignature, token->id})] = pki::detached_signature(kubeconfig, *token);
    }
    if (wanted == *current) co_return {};
    CO_TRY(auto stored, co_await context_.client.update(std::move(wanted)));
    static_cast<void>(stored);
    co_return {};
  }

  Context& context_;
  client::Cache<ConfigMap> maps_;
  client::Cache<Secret> secrets_;
  client::Queue queue_;
};

}  // namespace

std::unique_ptr<Controller> make_bootstrap_signer(Context& context) {
  return std::make_unique<BootstrapSigner>(context);
}

}  // namespace controller
