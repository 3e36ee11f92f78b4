#include "apiserver/aggregation/remote_openapi.h"

#include "apiserver/aggregation/pass_on.h"
#include "base/log.h"
#include "base/mutex.h"
#include "base/strings.h"
#include "io/loop.h"

namespace apiserver {
namespace {

constexpr auto kTimeout = std::chrono::seconds(6);
constexpr size_t kBytesMax = size_t{16} << 20;

io::Task<base::Result<std::string>> document_of(RemoteVersionRef remote, base::Random& random) {
  Call call;
  call.method = "GET";
  call.user.name = "system:aggregator";
  call.user_agent = "kube-apiserver";
  CO_TRY(auto answer, co_await ask_remote(std::move(remote), call, "/openapi/v2", "application/json", random));
  if (answer->head().status != 200)
    co_return base::fail(base::Code::Unavailable, base::cat({"status ", std::to_string(answer->head().status)}));
  co_return co_await io::read_all(*answer, kBytesMax);
}

// What was told for one snapshot of the versions: a new one comes whenever their servers have been asked again, so this
// is never older than that.
struct Kept {
  base::Mutex mutex;
  std::shared_ptr<const RemoteVersions> of GUARDED_BY(mutex);
  RemoteDocuments documents GUARDED_BY(mutex);
};

Kept& kept() {
  static Kept one;
  return one;
}

}  // namespace

io::Task<RemoteDocuments> remote_documents(std::shared_ptr<const RemoteVersions> remote, base::Random& random) {
  Kept& last = kept();
  {
    base::Lock lock(last.mutex);
    if (last.of == remote) co_return last.documents;
  }
  auto documents = std::make_shared<std::vector<openapi::RemoteDocument>>();
  for (const auto& [name, version] : *remote) {
    if (!version->available || version->own != nullptr) continue;
    auto text = co_await io::with_timeout(kTimeout, document_of(version, random));
    if (text && *text) {
      documents->push_back({base::cat({"/apis/", name}), std::move(**text)});
    } else {
      LOG_V(2, "An extension API server does not describe itself", {"version", name});
    }
  }
  base::Lock lock(last.mutex);
  last.of = std::move(remote);
  last.documents = documents;
  co_return documents;
}

}  // namespace apiserver
