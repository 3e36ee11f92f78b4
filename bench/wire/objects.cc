// What a server keeps of many objects.
#include "measures.h"

namespace bench {

io::Task<void> measure_objects(const Server& server, int count) {
  co_await prepare_pods(server);
  double before = resident_mb(server.pid);
  Span span(server.pid);
  co_await create_pods(server, count);
  row("create of " + std::to_string(count) + " pods, processor time for each", "%.0f us", span.cpu_us() / count, "");
  double each = (resident_mb(server.pid) - before) * 1048576 / count;
  auto headers = server.headers(nullptr);
  headers.set("accept", "application/vnd.kubernetes.protobuf");
  auto answer = co_await server.client->request("GET", std::string(kPods) + "?limit=500", std::move(headers));
  if (!answer) Server::stop(answer.error().message());
  auto page = co_await io::read_all(**answer, size_t{1} << 30);
  if (!page) Server::stop(page.error().message());
  double bytes = static_cast<double>(page->size()) / 500;
  row("memory of the API server for each of them", "%.0f bytes", each, "");
  row("  beyond 1.3 times its " + std::to_string(static_cast<int>(bytes)) + " bytes", "%.0f bytes", each - 1.3 * bytes,
      "400 bytes");
}

}  // namespace bench
