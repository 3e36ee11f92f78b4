#include "store/etcd/etcd_store.h"

#include <chrono>
#include <optional>
#include <utility>

#include "store/entry.h"
#include "store/handed_over.h"
#include "store/index.h"
#include "store/opening.h"

namespace store {

namespace {

// How long a read or an acknowledged write waits for the watch to bring what the cluster has; upstream's watch cache
// waits as long.
constexpr io::Duration kFreshnessWait = std::chrono::seconds(3);

base::Error closed_error() {
  return base::Error(base::Code::Closed, "the store is closed");
}

// A broken connection says nothing about a write.
base::Error write_error(const base::Error& error) {
  if (error.code() != base::Code::Closed && error.code() != base::Code::Timeout) return error;
  return base::Error(base::Code::Timeout,
                     "etcd did not answer a write, which may or may not have happened: " + error.message());
}

etcd::TxnRequest transaction(const std::string& key, Revision expected, const Change& change) {
  etcd::TxnRequest request;
  etcd::Compare& compare = request.compare.emplace_back();
  compare.target = etcd::Compare::CompareTarget::Mod;
  compare.key = key;
  compare.mod_revision = static_cast<int64_t>(expected);
  etcd::RequestOp& success = request.success.emplace_back();
  if (change.kind == Change::Kind::Delete) {
    success.request_delete_range.emplace().key = key;
  } else {
    etcd::PutRequest& put = success.request_put.emplace();
    put.key = key;
    put.value = std::string(change.value.view());
  }
  request.failure.emplace_back().request_range.emplace().key = key;
  return request;
}

}  // namespace

// What lives on the home loop. Calls are its tasks, so that closing ends them before the client goes.
struct EtcdStore::Home : std::enable_shared_from_this<Home> {
  std::unique_ptr<EtcdClient> client;
  std::unique_ptr<EtcdFollower> follower;
  std::atomic<bool> closed = false;
  io::Scope calls;

  void shut() {
    calls.cancel();
    follower.reset();
    client.reset();
  }

  io::Task<base::Result<EntryRef>> get(std::string key) {
    CO_TRY(Page page, co_await follower->read(std::move(key), "", 0, 0));
    co_return page.entries.empty() ? nullptr : std::move(page.entries.front());
  }

  // The cluster's revision now. `key` is any; a read of the leader's, not of the member's.
  io::Task<base::Result<Revision>> newest(std::string key) {
    etcd::RangeRequest request;
    request.key = std::move(key);
    request.count_only = true;
    CO_TRY(auto response, co_await client->range(std::move(request)));
    co_return response.header ? static_cast<Revision>(response.header->revision) : 0;
  }

  io::Task<base::Result<Page>> read(std::string prefix, ListOptions options, Revision revision) {
    std::string begin = options.start_after < prefix ? prefix : options.start_after + '\0';
    return follower->read(std::move(begin), etcd_prefix_end(prefix), options.limit, revision);
  }

  // Waits until the view is as far as the cluster was; false: the servers cannot be asked, so read them instead.
  io::Task<base::Result<bool>> caught_up(Revision newest) {
    if (!follower->can_ask_for_progress()) co_return false;
    CO_TRY(co_await follower->ask_for_progress());
    auto reached = co_await follower->view()->reached(newest, kFreshnessWait);
    if (!reached && reached.error().code() == base::Code::Timeout) follower->restart();
    CO_TRY(std::move(reached));
    co_return true;
  }

  // The watch did not bring a change that the cluster has acknowledged: its connection may hang.
  io::Task<base::Result<bool>> follow_again() {
    follower->restart();
    co_return true;
  }

  io::Task<base::Result<void>> compact(Revision revision) {
    etcd::CompactionRequest request;
    request.revision = static_cast<int64_t>(revision);
    auto response = co_await client->compact(std::move(request));
    // Another API server was faster.
    if (!response && response.error().code() != base::Code::Expired) co_return base::fail(response.error());
    co_return base::Result<void>{};
  }

  io::Task<base::Result<Attempt>> attempt(std::string key, Revision expected, Change change) {
    auto response = co_await client->txn(transaction(key, expected, change));
    if (!response) co_return base::fail(write_error(response.error()));
    Attempt attempt;
    attempt.succeeded = response->succeeded;
    attempt.revision = response->header ? static_cast<Revision>(response->header->revision) : 0;
    if (attempt.succeeded) co_return attempt;
    for (const etcd::ResponseOp& answer : response->responses) {
      if (answer.response_range && !answer.response_range->kvs.empty()) {
        attempt.entry = co_await follower->entry_of(answer.response_range->kvs.front());
      }
    }
    co_return attempt;
  }
};

template <class T>
io::Task<base::Result<T>> EtcdStore::at_home(io::Task<base::Result<T>> task) {
  auto call = std::make_shared<HandedOver<T>>(std::move(task));
  home_loop_.post([home = home_, call] {
    if (home->closed) {
      call->drop();
    } else {
      home->calls.spawn(HandedOver<T>::run(call));
    }
  });
  auto result = co_await HandedOver<T>::result(call);
  if (!result) co_return base::fail(closed_error());
  co_return std::move(*result);
}

EtcdStore::EtcdStore(std::unique_ptr<EtcdClient> client, std::unique_ptr<EtcdFollower> follower, EtcdOptions options)
    : prefix_(std::move(options.prefix)),
      indexer_(std::move(options.indexer)),
      sealer_(std::move(options.sealer)),
      view_(follower->view()),
      home_loop_(io::Loop::current()),
      home_(std::make_shared<Home>()) {
  home_->client = std::move(client);
  home_->follower = std::move(follower);
}

EtcdStore::~EtcdStore() {
  close();
}

void EtcdStore::close() {
  if (home_->closed.exchange(true)) return;
  if (io::Loop::current_or_null() == &home_loop_) {
    home_->shut();
  } else {
    home_loop_.post([home = home_] { home->shut(); });
  }
  view_->close().send();
}

base::Result<void> EtcdStore::check_key(std::string_view key) const {
  if (home_->closed) return base::fail(closed_error());
  if (key.starts_with(prefix_)) return {};
  return base::fail(base::Code::BadRequest, "the key " + std::string(key) + " is not under " + prefix_);
}

io::Task<base::Result<EntryRef>> EtcdStore::get(std::string key) {
  CO_TRY(check_key(key));
  CO_TRY(EntryRef entry, co_await at_home(home_->get(std::move(key))));
  co_return co_await opened_in(*view_, std::move(entry), indexer_, *sealer_);
}

// At a revision that memory does not have: older than its history, or newer than what the watch has told.
io::Task<base::Result<Page>> EtcdStore::list_past(std::string prefix, ListOptions options) {
  CO_TRY(Revision newest, co_await at_home(home_->newest(prefix)));
  if (options.at > newest) {
    co_return base::fail(base::Code::BadRequest, "revision " + std::to_string(options.at) + " is in the future");
  }
  co_return co_await at_home(home_->read(std::move(prefix), options, options.at));
}

io::Task<base::Result<Page>> EtcdStore::list(std::string prefix, ListOptions options) {
  CO_TRY(Page page, co_await list_kept(std::move(prefix), std::move(options)));
  co_return co_await opened_in(*view_, std::move(page), indexer_, *sealer_);
}

io::Task<base::Result<Page>> EtcdStore::list_kept(std::string prefix, ListOptions options) {
  CO_TRY(check_key(prefix));
  if (options.at != 0) {
    if (options.at <= view_->revision()) {
      auto page = view_->page(prefix, options);
      if (page || page.error().code() != base::Code::Expired) co_return page;
    }
    co_return co_await list_past(std::move(prefix), options);
  }
  if (options.consistent) {
    CO_TRY(Revision newest, co_await at_home(home_->newest(prefix)));
    if (newest < options.not_older_than) CO_TRY(co_await view_->reached(options.not_older_than, kFreshnessWait));
    if (view_->revision() < newest) {
      CO_TRY(bool caught_up, co_await at_home(home_->caught_up(newest)));
      if (!caught_up) co_return co_await at_home(home_->read(std::move(prefix), options, newest));
    }
  } else if (options.not_older_than > view_->revision()) {
    CO_TRY(co_await view_->reached(options.not_older_than, kFreshnessWait));
  }
  co_return view_->page(prefix, options);
}

base::Result<std::unique_ptr<Watch>> EtcdStore::watch(std::string prefix, Revision from, Narrowing only) {
  TRY(check_key(prefix));
  return view_->watch(std::move(prefix), from, std::move(only));
}

io::Task<base::Result<Updated>> EtcdStore::made_visible(std::string key, Attempt attempt, EntryRef last, Change change,
                                                        SealRef seal) {
  auto reached = co_await view_->reached(attempt.revision, kFreshnessWait);
  if (!reached && reached.error().code() == base::Code::Timeout) CO_TRY(co_await at_home(home_->follow_again()));
  // The change has happened whatever became of the watch.
  if (change.kind == Change::Kind::Delete) {
    auto entry = std::make_shared<Entry>(*last);
    entry->revision = attempt.revision;
    co_return Updated{std::move(entry), true};
  }
  EntryRef visible = view_->find(key);
  if (visible && visible->revision == attempt.revision && is_opened(*visible))
    co_return Updated{std::move(visible), true};
  auto entry = make_entry(std::move(key), change.value.view(), attempt.revision, indexer_);
  entry->seal = std::move(seal);
  co_return Updated{std::move(entry), true};
}

io::Task<base::Result<Updated>> EtcdStore::update(std::string key, Decide decide) {
  CO_TRY(check_key(key));
  EntryRef current = view_->find(key);
  bool is_fresh = false;  // read from the cluster after the update began
  for (;;) {
    CO_TRY(current, co_await opened_in(*view_, std::move(current), indexer_, *sealer_));
    auto change = decide(current.get());
    bool changes = change && (change->kind == Change::Kind::Put || (change->kind == Change::Kind::Delete && current));
    if (!changes) {
      if (!is_fresh) {
        // Memory may lag behind: what it suggests to refuse may be right by now.
        CO_TRY(EntryRef newest, co_await at_home(home_->get(key)));
        is_fresh = true;
        bool same = (newest ? newest->revision : 0) == (current ? current->revision : 0);
        current = std::move(newest);
        if (!same) continue;
      }
      if (!change) co_return base::fail(change.error());
      co_return Updated{std::move(current), false};
    }
    Change kept = *change;
    SealRef seal;
    if (kept.kind == Change::Kind::Put) {
      CO_TRY(auto form, sealer_->seal(key, change->value));
      kept.value = std::move(form.value);
      seal = std::move(form.seal);
    }
    CO_TRY(Attempt attempt, co_await at_home(home_->attempt(key, current ? current->revision : 0, std::move(kept))));
    if (attempt.succeeded) {
      co_return co_await made_visible(std::move(key), std::move(attempt), std::move(current), std::move(*change),
                                      std::move(seal));
    }
    current = std::move(attempt.entry);
    is_fresh = true;
  }
}

io::Task<base::Result<void>> EtcdStore::compact(Revision revision) {
  CO_TRY(check_key(prefix_));
  CO_TRY(view_->compact(revision));
  co_return co_await at_home(home_->compact(revision));
}

io::Task<base::Result<std::unique_ptr<Store>>> open_etcd(EtcdOptions options) {
  if (!options.prefix.ends_with('/')) options.prefix += '/';
  EtcdClient::Options connection{.endpoints = options.endpoints,
                                 .ca_file = options.ca_file,
                                 .certificate_file = options.certificate_file,
                                 .key_file = options.key_file};
  CO_TRY(auto client, EtcdClient::create(std::move(connection)));
  CO_TRY(auto follower, co_await EtcdFollower::start(*client, options.prefix, options.indexer, options.sealer,
                                                     View::Options::from(options.history)));
  co_return std::make_unique<EtcdStore>(std::move(client), std::move(follower), std::move(options));
}

}  // namespace store
