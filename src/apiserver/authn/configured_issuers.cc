#include "apiserver/authn/configured_issuers.h"

#include "apiserver/pipeline/digest.h"
#include "apiserver/pipeline/watched_files.h"
#include "base/log.h"

namespace apiserver {

base::Result<std::unique_ptr<ConfiguredIssuers>> ConfiguredIssuers::create(
    const AuthenticationConfiguration& configuration, IssuerContext context, std::string path, std::string yaml) {
  std::unique_ptr<ConfiguredIssuers> made(new ConfiguredIssuers(std::move(context), std::move(path)));
  made->first_ = configuration;
  auto taken = made->take(configuration, yaml);
  if (!taken) return base::fail(made->path_.empty() ? taken.error() : taken.error().with_context(made->path_));
  return made;
}

io::Task<base::Result<std::optional<TokenVerdict>>> ConfiguredIssuers::verify(std::string token,
                                                                              std::vector<std::string> audiences) {
  std::shared_ptr<TokenJudge> current;
  {
    base::Lock lock(mutex_);
    current = current_;
  }
  co_return co_await current->verify(std::move(token), std::move(audiences));
}

base::Result<void> ConfiguredIssuers::take(const AuthenticationConfiguration& configuration, const std::string& yaml) {
  TRY(auto judges, make_issuer_judges(configuration, context_));
  text_ = yaml;
  if (!path_.empty()) {
    auto& info = context_.metrics.configuration;
    if (!hash_.empty()) info.with({context_.server_hash, hash_}).set(0);
    hash_ = sha256_label(yaml);
    info.with({context_.server_hash, hash_}).set(1);
  }
  base::Lock lock(mutex_);
  current_ = std::move(judges);
  return {};
}

base::Result<void> ConfiguredIssuers::take_text(const std::string& yaml) {
  TRY(auto configuration, read_authentication_configuration(yaml));
  if (!(configuration.anonymous == first_.anonymous))
    return base::fail(base::Code::BadRequest, "changes to anonymous are taken at the next start only");
  return take(configuration, yaml);
}

io::Task<void> ConfiguredIssuers::run() {
  if (path_.empty()) co_return;
  co_await follow_files({path_}, {text_}, [this](base::Result<FileTexts> texts) {
    auto taken = texts ? take_text(texts->front()) : base::Result<void>(base::fail(texts.error()));
    std::string_view status = taken ? "success" : "failure";
    context_.metrics.reloads.with({context_.server_hash, status}).add();
    context_.metrics.reload_seconds.with({context_.server_hash, status})
        .set(static_cast<double>(context_.clock.wall_ns()) / 1e9);
    if (taken) {
      LOG_INFO("reloaded authentication config", {"path", path_});
    } else {
      LOG_ERROR("failed to reload authentication config", {"path", path_}, {"err", taken.error().message()});
    }
  });
}

}  // namespace apiserver
