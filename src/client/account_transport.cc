#include "client/account_transport.h"

#include "api/authentication_k8s_io_v1.h"
#include "api/core_v1.h"
#include "client/remote_transport.h"
#include "client/status.h"

namespace client {
namespace {

constexpr int64_t kTokenSeconds = 3600;
constexpr int64_t kRenewAfterNs = kTokenSeconds * 8 / 10 * 1'000'000'000;

class AccountTransport final : public Transport {
 public:
  AccountTransport(Client issuer, Access access, std::string namespace_, std::string name, base::Clock& clock)
      : issuer_(std::move(issuer)),
        access_(std::move(access)),
        namespace_(std::move(namespace_)),
        name_(std::move(name)),
        clock_(clock) {}

  io::Task<base::Result<Reply>> call(Call call) override {
    CO_TRY(auto transport, co_await current());
    co_return co_await transport->call(std::move(call));
  }
  io::Task<base::Result<RawPage>> list(std::string target) override {
    CO_TRY(auto transport, co_await current());
    co_return co_await transport->list(std::move(target));
  }
  io::Task<base::Result<std::unique_ptr<RawWatch>>> watch(std::string target) override {
    CO_TRY(auto transport, co_await current());
    co_return co_await transport->watch(std::move(target));
  }

 private:
  // Two that ask at once get a token each; the later one stays.
  io::Task<base::Result<std::shared_ptr<Transport>>> current() {
    if (transport_ && clock_.monotonic_ns() - made_ns_ < kRenewAfterNs) co_return transport_;
    auto token = co_await ask();
    if (is(token, base::Code::NotFound)) {
      api::core_v1::ServiceAccount account;
      account.metadata.namespace_ = namespace_;
      account.metadata.name = name_;
      auto created = co_await issuer_.create(std::move(account));
      if (!created && created.error().code() != base::Code::AlreadyExists) co_return base::fail(created.error());
      token = co_await ask();
    }
    if (!token) co_return base::fail(token.error());
    Access access;
    access.server = access_.server;
    access.tls_server_name = access_.tls_server_name;
    access.insecure = access_.insecure;
    access.ca_data = access_.ca_data;
    access.ca_file = access_.ca_file;
    access.token = *token;
    CO_TRY(transport_, make_remote_transport(std::move(access), "kube-controller-manager/" + name_));
    made_ns_ = clock_.monotonic_ns();
    co_return transport_;
  }

  io::Task<base::Result<std::string>> ask() {
    api::authentication_k8s_io_v1::TokenRequest request;
    request.spec.expiration_seconds = kTokenSeconds;
    CO_TRY(auto answer,
           co_await (issuer_.post<api::core_v1::ServiceAccount>(namespace_, name_, "token", std::move(request))));
    co_return answer.status.token;
  }

  Client issuer_;
  const Access access_;
  const std::string namespace_, name_;
  base::Clock& clock_;
  std::shared_ptr<Transport> transport_;
  int64_t made_ns_ = 0;
};

}  // namespace

std::shared_ptr<Transport> make_account_transport(Client issuer, Access access, std::string namespace_,
                                                  std::string name, base::Clock& clock) {
  return std::make_shared<AccountTransport>(std::move(issuer), std::move(access), std::move(namespace_),
                                            std::move(name), clock);
}

}  // namespace client
