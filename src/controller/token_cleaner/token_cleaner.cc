#include "controller/token_cleaner/token_cleaner.h"

#include "client/queue.h"
#include "controller/common/ownership.h"
#include "pki/bootstrap_token.h"

namespace controller {
namespace {

using api::core_v1::Secret;
using base::Code;
using base::Result;
using client::Key;

class TokenCleaner final : public Controller {
 public:
  explicit TokenCleaner(Context& context)
      : context_(context),
        secrets_(context.reader, {.field_selector = base::cat({"type=", pki::kBootstrapTokenType})},
                 std::string(pki::kBootstrapTokenNamespace)),
        queue_(context.random) {
    secrets_.add_listener([this](const Key& key, const Secret*, const Secret* now) {
      if (now != nullptr) queue_.add(key);
    });
  }

  io::Task<void> run() override {
    io::Scope scope;
    scope.spawn(secrets_.run());
    co_await secrets_.wait_synced();
    co_await client::run_workers("token-cleaner", queue_, 1, [this](Key key) { return reconcile(std::move(key)); });
  }

 private:
  io::Task<Result<void>> reconcile(Key key) {
    auto secret = secrets_.get(key);
    if (!secret || is_being_deleted(secret->metadata)) co_return {};
    auto left = pki::BootstrapTokenSecret(key.name, secret->type, secret->data).time_left_ns(context_.clock.wall_ns());
    if (!left) co_return {};
    if (*left > 0) {
      queue_.add_after(key, io::Duration(*left));
      co_return {};
    }
    // Of this very version: whoever has just made it good for longer keeps it.
    client::DeleteOptions options{.uid = secret->metadata.uid, .resource_version = secret->metadata.resource_version};
    auto removed = co_await context_.client.remove<Secret>(key.namespace_, key.name, std::move(options));
    if (!removed && removed.error().code() != Code::NotFound) co_return removed;
    co_return {};
  }

  Context& context_;
  client::Cache<Secret> secrets_;
  client::Queue queue_;
};

}  // namespace

std::unique_ptr<Controller> make_token_cleaner(Context& context) {
  return std::make_unique<TokenCleaner>(context);
}

}  // namespace controller
