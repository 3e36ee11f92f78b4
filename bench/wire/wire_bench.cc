// What a running API server costs over TLS and HTTP/2: processor time of its process per request, and rates as one
// client sees them. PID is the server's.
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "io/tls.h"
#include "measures.h"

namespace {

constexpr const char* kUsage = R"(usage:
  wire_bench PORT TOKEN PID                 requests, lists, watches
  wire_bench PORT TOKEN PID watches         watches alone
  wire_bench PORT TOKEN PID schedule N P    P pods on N nodes that nobody runs, bound by the scheduler that follows the server
  wire_bench PORT TOKEN PID objects N       memory for each of N pods
)";

io::Task<void> measure_all(const bench::Server& server) {
  co_await bench::measure_requests(server);
  co_await bench::measure_list(server);
  co_await bench::measure_watches(server);
  bench::row("memory of the API server after that", "%.1f MB", bench::resident_mb(server.pid), "");
}

}  // namespace

int main(int argc, char** argv) {
  std::string_view what = argc > 4 ? argv[4] : "";
  bool is_known = argc == 4 || (argc == 5 && what == "watches") || (argc == 6 && what == "objects") ||
                  (argc == 7 && what == "schedule");
  if (!is_known) {
    fputs(kUsage, stderr);
    return 2;
  }
  auto loop = *io::Loop::create();
  io::Loop::Entered entered(*loop);
  bench::Server server{.client = nullptr, .connect = nullptr, .token = argv[2], .pid = argv[3]};
  io::HttpClient::Options options{.url = std::string("https://127.0.0.1:") + argv[1]};
  options.tls = *io::TlsClient::create({.skip_verify = true});
  server.connect = [&options] { return *io::HttpClient::create(options); };
  server.client = server.connect();
  if (what == "schedule")
    loop->run_task(bench::measure_scheduling(server, atoi(argv[5]), atoi(argv[6])));
  else if (what == "objects")
    loop->run_task(bench::measure_objects(server, atoi(argv[5])));
  else if (what == "watches")
    loop->run_task(bench::measure_watches(server));
  else
    loop->run_task(measure_all(server));
  server.client.reset();
  return 0;
}
