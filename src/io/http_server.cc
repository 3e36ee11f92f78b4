#include "io/http_server.h"

#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <ctime>
#include <mutex>

#include "base/log.h"
#include "io/server_connection.h"

namespace io {

const std::string& http_date() {
  thread_local std::string text;
  thread_local time_t made = 0;
  time_t now = Loop::current().clock().wall_ns() / 1'000'000'000;
  if (now != made || text.empty()) {
    constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    tm parts{};
    gmtime_r(&now, &parts);
    char buffer[64];
    int size =
        snprintf(buffer, sizeof buffer, "%s, %02d %s %04d %02d:%02d:%02d GMT", kDays[parts.tm_wday], parts.tm_mday,
                 kMonths[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
    text.assign(buffer, static_cast<size_t>(size));
    made = now;
  }
  return text;
}

namespace {

// The connections that one loop serves. Everything but `count` on that loop.
class Shard final : public ServerShard {
 public:
  Shard(std::shared_ptr<const ServerContext> context, Loop& loop) : context_(std::move(context)), loop_(loop) {}

  Loop& loop() { return loop_; }
  size_t count() const { return count_; }

  // Takes over a new connection's descriptor.
  void begin(int fd) {
    count_++;
    auto tls = context_->options.tls;
    if (tls == nullptr) return serve(std::make_unique<Transport>(fd));
    ssl_st* ssl = tls->begin(fd);
    if (ssl == nullptr) {
      ::close(fd);
      leave();
      return;
    }
    greetings_.spawn(greet(this, std::make_unique<Transport>(fd, ssl)));
  }

  void finished(ServerConnection& connection) override {
    finished_.splice(finished_.end(), connections_, connection.place);
    sweep_.schedule([](void* self) { static_cast<Shard*>(self)->sweep(); }, this);
  }

  void drain(std::function<void()> drained) {
    draining_ = true;
    drained_ = std::move(drained);
    greetings_.cancel();
    count_ = connections_.size() + finished_.size();
    for (auto at = connections_.begin(); at != connections_.end();) {
      auto next = std::next(at);  // it may finish at once
      (*at)->drain();
      at = next;
    }
    tell_drained();
  }

  void end() {
    draining_ = true;
    greetings_.cancel();
    sweep_.cancel();
    auto all = std::move(connections_);
    connections_.clear();
    all.clear();
    finished_.clear();
    count_ = 0;
    tell_drained();
  }

 private:
  static Task<void> greet(Shard* self, std::unique_ptr<Transport> transport) {
    auto done = co_await with_timeout(self->context_->options.header_timeout, handshake(*transport));
    if (done && *done) {
      self->serve(std::move(transport));
    } else {
      LOG_V(2, "TLS handshake failed", {"remote", transport->peer().address},
            {"err", done ? done->error().message() : std::string("timeout")});
      self->leave();
    }
  }

  void serve(std::unique_ptr<Transport> transport) {
    bool two = context_->options.http2_only || transport->alpn() == "h2";
    connections_.push_back(
        (two ? make_http2_connection : make_http1_connection)(*context_, *this, std::move(transport)));
    connections_.back()->place = std::prev(connections_.end());
    if (draining_) connections_.back()->drain();
  }

  void sweep() {
    auto all = std::move(finished_);
    finished_.clear();
    count_ -= all.size();
    all.clear();
    tell_drained();
  }
  void leave() {
    count_--;
    tell_drained();
  }
  void tell_drained() {
    if (count_ == 0 && drained_ != nullptr) std::exchange(drained_, nullptr)();
  }

  std::shared_ptr<const ServerContext> context_;
  Loop& loop_;
  std::list<std::unique_ptr<ServerConnection>> connections_;
  std::list<std::unique_ptr<ServerConnection>> finished_;  // until the next turn
  Wakeup sweep_;
  std::atomic<size_t> count_ = 0;  // written on the loop
  bool draining_ = false;
  std::function<void()> drained_;
  Scope greetings_;
};

}  // namespace

struct HttpServer::State {
  std::shared_ptr<const ServerContext> context;
  Loop* home = nullptr;
  std::unique_ptr<Listener> listener;
  Address address;
  std::vector<std::shared_ptr<Shard>> shards;
  size_t next_shard = 0;
  bool ended = false;

  size_t count() const {
    size_t sum = 0;
    for (const auto& shard : shards) sum += shard->count();
    return sum;
  }

  void accepted(int fd) {
    if (count() >= context->options.connections_max) {
      ::close(fd);
      return;
    }
    auto& shard = shards[next_shard++ % shards.size()];
    if (&shard->loop() == home) return shard->begin(fd);
    // A descriptor in flight when the loop ends leaks with the process's end only.
    shard->loop().post([shard, fd] { shard->begin(fd); });
  }

  void end_all() {
    if (std::exchange(ended, true)) return;
    listener = nullptr;
    std::mutex mutex;
    std::condition_variable changed;
    size_t left = 0;
    for (auto& shard : shards) {
      if (&shard->loop() == home) {
        Loop::Entered entered(*home);
        shard->end();
        continue;
      }
      {
        std::lock_guard lock(mutex);
        left++;
      }
      shard->loop().post([shard, &mutex, &changed, &left] {
        shard->end();
        std::lock_guard lock(mutex);
        left--;
        changed.notify_all();
      });
    }
    std::unique_lock lock(mutex);
    changed.wait(lock, [&left] { return left == 0; });
  }
};

HttpServer::HttpServer(std::unique_ptr<State> state) : state_(std::move(state)) {}
HttpServer::~HttpServer() {
  state_->end_all();
}

base::Result<std::unique_ptr<HttpServer>> HttpServer::create(HttpServerOptions options, Handler handler) {
  auto state = std::make_unique<State>();
  state->home = &Loop::current();
  TRY(state->listener, Listener::listen(options.address, options.unix_mode));
  state->address = state->listener->address();
  auto loops = options.loops;
  if (loops.empty()) loops.push_back(state->home);
  state->context = std::make_shared<const ServerContext>(ServerContext{std::move(options), std::move(handler)});
  for (Loop* loop : loops) state->shards.push_back(std::make_shared<Shard>(state->context, *loop));
  state->listener->on_accept([raw = state.get()](int fd) { raw->accepted(fd); });
  return std::unique_ptr<HttpServer>(new HttpServer(std::move(state)));
}

const Address& HttpServer::address() const {
  return state_->address;
}
size_t HttpServer::connections() const {
  return state_->count();
}

Task<void> HttpServer::close(Duration grace) {
  State* state = state_.get();
  if (state->ended) co_return;
  if (state->listener != nullptr) state->listener->close();
  struct Progress {
    size_t left;
    Event all;
  };
  auto progress = std::make_shared<Progress>();
  progress->left = state->shards.size();
  Loop* home = state->home;
  for (auto& shard : state->shards) {
    auto done = [home, progress] {
      home->post([progress] {
        if (--progress->left == 0) progress->all.set();
      });
    };
    shard->loop().post([shard, done] { shard->drain(done); });
  }
  co_await progress->all.wait_for(grace);
  state->end_all();
}

}  // namespace io
