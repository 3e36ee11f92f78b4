#include "apiserver/authn/authorities.h"

#include "apiserver/pipeline/watched_files.h"
#include "base/log.h"

namespace apiserver {

base::Result<std::shared_ptr<Authorities>> Authorities::from_pem(const std::string& pem) {
  TRY(auto bundle, pki::TrustBundle::from_pem(pem));
  return std::shared_ptr<Authorities>(new Authorities(pem, std::move(bundle)));
}

pki::TrustBundle Authorities::bundle() const {
  base::Lock lock(mutex_);
  return bundle_;
}

std::string Authorities::pem() const {
  base::Lock lock(mutex_);
  return pem_;
}

base::Result<void> Authorities::replace(const std::string& pem) {
  TRY(auto bundle, pki::TrustBundle::from_pem(pem));
  base::Lock lock(mutex_);
  pem_ = pem;
  bundle_ = std::move(bundle);
  return {};
}

io::Task<void> follow_authorities(std::shared_ptr<Authorities> authorities, std::string path,
                                  std::function<void()> changed) {
  auto take = [authorities, path, changed](base::Result<FileTexts> texts) {
    auto done = texts ? authorities->replace(texts->front()) : base::Result<void>(base::fail(texts.error()));
    if (!done) {
      LOG_ERROR("Authorities cannot be read again", {"path", path}, {"err", done.error().message()});
      return;
    }
    LOG_INFO("Authorities were read again", {"path", path});
    changed();
  };
  co_await follow_files({path}, {authorities->pem()}, std::move(take));
}

}  // namespace apiserver
