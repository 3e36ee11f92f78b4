#include "client/reflector.h"

#include <algorithm>

#include "base/log.h"
#include "base/random.h"
#include "client/codec.h"
#include "client/status.h"
#include "client/target.h"

namespace client {
namespace {

using base::Code;
using base::Result;

constexpr int64_t kPage = 500;
constexpr io::Duration kBackoffMin = std::chrono::milliseconds(100);
constexpr io::Duration kBackoffMax = std::chrono::seconds(30);
// A watch that held this long was a good one.
constexpr int64_t kGoodWatchNs = 5'000'000'000;

struct Listed {
  std::vector<Raw> items;
  std::string resource_version;
};

io::Task<Result<Listed>> list_all(Client client, std::string collection, ListOptions options) {
  Listed listed;
  options.limit = kPage;
  for (;;) {
    std::string target = collection;
    add_list_options(target, options);
    CO_TRY(RawPage page, co_await client.transport().list(std::move(target)));
    if (listed.items.empty()) {
      listed.items = std::move(page.items);
    } else {
      std::move(page.items.begin(), page.items.end(), std::back_inserter(listed.items));
    }
    listed.resource_version = std::move(page.resource_version);
    if (page.continue_token.empty()) co_return listed;
    options.continue_token = std::move(page.continue_token);
  }
}

// Follows a watch until it ends; moves `resource_version` along. Closed when it ended in good order.
io::Task<base::Error> follow(Client client, std::string collection, ListOptions selectors,
                             std::string* resource_version, Sink* sink) {
  std::string target = collection;
  selectors.resource_version = *resource_version;
  add_list_options(target, selectors);
  target += "&watch=true&allowWatchBookmarks=true";
  if (target.find('?') == std::string::npos) target[target.find('&')] = '?';
  auto watch = co_await client.transport().watch(std::move(target));
  if (!watch) co_return watch.error();
  for (;;) {
    auto events = co_await (*watch)->next();
    if (!events) co_return events.error();
    for (RawEvent& event : *events) {
      std::string seen;
      if (event.kind != RawEvent::Kind::Bookmark) {
        seen = sink->apply(std::move(event));
      } else if (event.object.revision != 0) {
        seen = std::to_string(event.object.revision);
      } else if (auto meta = decode_meta(event.object)) {
        seen = meta->resource_version;
      }
      if (!seen.empty()) *resource_version = std::move(seen);
    }
  }
}

class Backoff {
 public:
  io::Duration next(io::Duration at_least) {
    span_ = failures_++ == 0 ? kBackoffMin : std::min(span_ * 2, kBackoffMax);
    double spread = 1.0 + base::system_random().unit() / 2;
    return std::max(at_least, io::Duration(static_cast<int64_t>(static_cast<double>(span_.count()) * spread)));
  }
  void reset() { failures_ = 0; }
  int failures() const { return failures_; }

 private:
  int failures_ = 0;
  io::Duration span_{};
};

}  // namespace

io::Task<void> reflect(Client client, std::string target, ListOptions selectors, Sink& sink) {
  Backoff backoff;
  std::string resource_version;
  bool listed = false;
  for (;;) {
    if (!listed) {
      auto all = co_await list_all(client, target, selectors);
      if (!all) {
        io::Duration pause = backoff.next(retry_after(all.error()));
        // A server that is just starting is no news.
        if (backoff.failures() > 5) LOG_WARNING("Cannot list", {"target", target}, {"err", all.error().message()});
        co_await io::sleep(pause);
        continue;
      }
      resource_version = std::move(all->resource_version);
      sink.replace(std::move(all->items), resource_version);
      listed = true;
    }
    int64_t began_ns = io::Loop::current().clock().monotonic_ns();
    base::Error end = co_await follow(client, target, selectors, &resource_version, &sink);
    bool good = io::Loop::current().clock().monotonic_ns() - began_ns >= kGoodWatchNs;
    if (good) backoff.reset();
    switch (end.code()) {
      case Code::Closed:
        if (good) continue;
        break;
      case Code::Expired:
        LOG_V(2, "Watch too old, listing again", {"target", target});
        listed = false;
        if (good) continue;
        break;
      case Code::Unavailable:
      case Code::Timeout:
      case Code::TooManyRequests:
        break;  // the server could not be asked; what we have seen still holds
      default:
        LOG_WARNING("Watch failed, listing again", {"target", target}, {"err", end.message()});
        listed = false;
    }
    co_await io::sleep(backoff.next(retry_after(end)));
  }
}

}  // namespace client
