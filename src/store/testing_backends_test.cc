#include "store/testing_backends.h"

namespace store {
namespace {

class MemoryPlace final : public Place {
 public:
  io::Task<base::Result<std::unique_ptr<Store>>> open(Indexer indexer, HistoryOptions history) override {
    co_return open_memory({.indexer = std::move(indexer), .history = history});
  }
  bool keeps() const override { return false; }
};

class MemoryBackend final : public Backend {
 public:
  std::string_view name() const override { return "Memory"; }
  std::unique_ptr<Place> make_place() const override { return std::make_unique<MemoryPlace>(); }
};

}  // namespace

const std::vector<const Backend*>& backends() {
  static const MemoryBackend memory;
  static const std::vector<const Backend*> all = {&memory};
  return all;
}

}  // namespace store
