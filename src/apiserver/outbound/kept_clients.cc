#include "apiserver/outbound/kept_clients.h"

#include <list>
#include <unordered_map>

#include "base/strings.h"

namespace apiserver {
namespace {

constexpr size_t kClientsMax = 256;
constexpr auto kForever = std::chrono::hours(24 * 365);

struct Kept {
  struct One {
    std::string key;
    std::shared_ptr<io::HttpClient> client;
  };
  io::Loop* loop = nullptr;
  io::Timer alive;      // runs as long as the loop lives: another may be at its address later
  std::list<One> ones;  // the last used first
  std::unordered_map<std::string, std::list<One>::iterator> by_key;

  void enter(io::Loop& current) {
    if (loop == &current && alive.running()) return;
    by_key.clear();
    ones.clear();
    loop = &current;
    alive.start(kForever, [] {});
  }
};

}  // namespace

base::Result<std::shared_ptr<io::HttpClient>> kept_client(
    const std::string& key, const std::function<base::Result<io::HttpClient::Options>()>& make) {
  thread_local Kept kept;
  kept.enter(io::Loop::current());
  if (auto found = kept.by_key.find(key); found != kept.by_key.end()) {
    kept.ones.splice(kept.ones.begin(), kept.ones, found->second);
    return found->second->client;
  }
  TRY(auto options, make());
  TRY(std::shared_ptr<io::HttpClient> client, io::HttpClient::create(std::move(options)));
  if (kept.ones.size() >= kClientsMax) {
    kept.by_key.erase(kept.ones.back().key);
    kept.ones.pop_back();
  }
  kept.ones.push_front({key, client});
  kept.by_key[key] = kept.ones.begin();
  return client;
}

std::string connection_key(const io::Address& address, const io::TlsClient* tls) {
  return base::cat({address.text(), "\n", std::to_string(reinterpret_cast<uintptr_t>(tls))});
}

}  // namespace apiserver
