// What the API server counts about its requests, under upstream's names. One for each Server; safe from any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <unordered_map>

#include "apiserver/pipeline/authorizer.h"
#include "apiserver/registry/call.h"
#include "base/metrics.h"
#include "base/mutex.h"
#include "io/http.h"

namespace apiserver {

// What became of one request.
struct RequestOutcome {
  int status = 0;  // 0: nothing was answered, the client had gone
  uint64_t bytes = 0;
  double seconds = 0;
};

class RequestMetrics {
 public:
  explicit RequestMetrics(base::Metrics& metrics);

  // `known`: what the call names is served here. Names that a client made up are not told apart: they would never end.
  void count(const Call& call, bool known, const RequestOutcome& outcome);
  // A request that lives as long as its client likes has begun (+1) or ended (-1).
  void count_long_running(const Call& call, int change);
  // Somebody has asked for an API that is deprecated; none of ours has a release yet with which it goes.
  void note_deprecated(const Call& call);
  // What one watch sends, so that its metrics are looked up once. Lives no longer than this.
  class WatchEvents {
   public:
    void count(size_t bytes) {
      events_.add();
      bytes_.observe(static_cast<double>(bytes));
    }

   private:
    friend class RequestMetrics;
    WatchEvents(base::Counter& events, base::Histogram& bytes) : events_(events), bytes_(bytes) {}
    base::Counter& events_;
    base::Histogram& bytes_;
  };
  WatchEvents watch_events(const Call& call);
  // "success", "failure" or "error", and how long it took.
  void count_authentication(std::string_view result, int64_t ns);
  void count_authorization(const Authorization& answer, int64_t ns);

 private:
  // What one kind of request counts for; null where it does not.
  struct Members {
    base::Counter& requests;
    base::Histogram& seconds;
    base::Histogram* sli_seconds;
    base::Histogram* response_bytes;
  };
  // Of a request told apart by these; found by their labels the first time.
  template <class Find>
  Members members_of(std::initializer_list<std::string_view> request, Find find);

  base::Counters& requests_;
  base::Histograms& seconds_;
  base::Histograms& sli_seconds_;
  base::Histograms& response_bytes_;
  base::Gauges& long_running_;
  base::Gauges& deprecated_;
  base::Counters& watch_events_;
  base::Histograms& watch_event_bytes_;
  base::Counters& authentications_;
  base::Histograms& authentication_seconds_;
  base::Counters& authorizations_;
  base::Histograms& authorization_seconds_;

  base::Mutex mutex_;
  std::unordered_map<std::string, Members> members_ GUARDED_BY(mutex_);
};

// A writer that remembers what passed through it, and tells when an answer begins.
class MeteredWriter final : public io::ResponseWriter {
 public:
  explicit MeteredWriter(io::ResponseWriter& writer) : writer_(writer) {}

  void start(int status, io::Headers headers) override;
  io::Task<base::Result<void>> write(base::Bytes chunk) override;
  void finish() override { writer_.finish(); }
  void finish_with_trailers(io::Headers trailers) override { writer_.finish_with_trailers(std::move(trailers)); }
  void send(int status, io::Headers headers, base::Bytes body) override;
  bool is_closed() const override { return writer_.is_closed(); }
  io::Task<void> closed() override { return writer_.closed(); }
  base::Result<std::unique_ptr<io::Stream>> upgrade(io::Headers headers) override;

  // Called with the status before the headers go out; may add to them.
  using OnStart = std::function<void(int status, io::Headers& headers)>;
  void on_start(OnStart hook) { hook_ = std::move(hook); }

  int status() const { return status_; }
  uint64_t bytes() const { return bytes_; }

 private:
  void begin(int status, io::Headers& headers);

  io::ResponseWriter& writer_;
  OnStart hook_;
  int status_ = 0;
  uint64_t bytes_ = 0;
};

}  // namespace apiserver
