#include "apiserver/authz/follower.h"

#include "base/log.h"

namespace apiserver {

constexpr auto kRetryAfter = std::chrono::seconds(1);

Follower::Follower(store::Store& store, const Served& served, Put put, Remove remove, Matters matters)
    : store_(store), served_(served), put_(std::move(put)), remove_(std::move(remove)), matters_(std::move(matters)) {}

io::Task<void> Follower::run() {
  for (;;) {
    auto ended = co_await follow();
    auto code = ended.error().code();
    if (code == base::Code::Closed || code == base::Code::Cancelled) co_return;
    if (code == base::Code::Expired) continue;
    LOG_WARNING("Resource cannot be followed", {"resource", std::string(served_.row().plural)},
                {"err", ended.error().message()});
    co_await io::sleep(kRetryAfter);
  }
}

// Comes back with the error that ended it.
io::Task<base::Result<void>> Follower::follow() {
  CO_TRY(auto page, co_await store_.list(served_.prefix(""), {}));
  std::set<std::string> gone = std::move(known_);
  known_.clear();
  for (const auto& entry : page.entries) {
    if (!matters(*entry)) continue;
    gone.erase(entry->key);
    tell_put(*entry);
  }
  for (const auto& key : gone) tell_removed(key);
  synced_.set();
  CO_TRY(auto watch, store_.watch(served_.prefix(""), page.revision));
  for (;;) {
    CO_TRY(auto events, co_await watch->next());
    for (const auto& event : events) {
      if (event->kind == store::Event::Kind::Deleted) {
        tell_removed(event->entry->key);
      } else if (matters(*event->entry)) {
        tell_put(*event->entry);
      } else if (known_.contains(event->entry->key)) {
        tell_removed(event->entry->key);
      }
    }
  }
}

void Follower::tell_put(const store::Entry& entry) {
  auto object = served_.decode(entry);
  if (!object) {
    LOG_ERROR("Stored object cannot be read", {"key", entry.key}, {"err", object.error().message()});
    return;
  }
  known_.insert(entry.key);
  put_(*object);
}

void Follower::tell_removed(const std::string& key) {
  known_.erase(key);
  std::string tail(served_.tail(key));
  auto slash = tail.find('/');
  if (slash == std::string::npos) {
    remove_("", tail);
  } else {
    remove_(tail.substr(0, slash), tail.substr(slash + 1));
  }
}

}  // namespace apiserver
