// From a pod's creation to its binding.
#include "measures.h"

namespace bench {

using namespace std::chrono_literals;

io::Task<void> measure_scheduling(const Server& server, int nodes, int pods) {
  co_await prepare_pods(server);
  co_await many(
      server, "POST", [](int i) { return Request("/api/v1/nodes", node_body("n-" + std::to_string(i))); }, nodes, 64);
  row("memory of the API server, " + std::to_string(nodes) + " nodes", "%.1f MB", resident_mb(server.pid), "");
  Span span(server.pid);
  co_await create_pods(server, pods);
  double created = span.seconds();
  for (;;) {
    // The server looks at all pods for that, so it is not asked more often than it can say.
    auto asked = std::chrono::steady_clock::now();
    auto waiting = co_await server.ask("GET", std::string(kPods) + "?fieldSelector=spec.nodeName%3D&limit=1");
    if (waiting.find("\"name\":\"p-") == std::string::npos) break;
    co_await io::sleep(50ms + 20 * (std::chrono::steady_clock::now() - asked));
  }
  row("create + schedule + bind, pods a second", "%.0f", pods / span.seconds(), "5,000");
  row("  created in", "%.2f s", created, "");
  row("  the API server's processor time for each pod", "%.0f us", span.cpu_us() / pods, "");
  row("memory of the API server, with " + std::to_string(pods) + " pods", "%.1f MB", resident_mb(server.pid), "");
}

}  // namespace bench
