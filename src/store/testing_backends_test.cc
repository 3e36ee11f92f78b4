#include "store/testing_backends.h"

#include <cstdlib>
#include <filesystem>

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

class LmdbPlace final : public Place {
 public:
  ~LmdbPlace() override { std::filesystem::remove_all(folder_); }
  io::Task<base::Result<std::unique_ptr<Store>>> open(Indexer indexer, HistoryOptions history) override {
    co_return open_lmdb({.directory = folder_ + "/store", .indexer = std::move(indexer), .history = history});
  }
  bool keeps() const override { return true; }

 private:
  std::string folder_ = make_temporary_folder();
};

class LmdbBackend final : public Backend {
 public:
  std::string_view name() const override { return "Lmdb"; }
  std::unique_ptr<Place> make_place() const override { return std::make_unique<LmdbPlace>(); }
};

}  // namespace

std::string make_temporary_folder() {
  std::string path = (std::filesystem::temp_directory_path() / "store-test-XXXXXX").string();
  if (mkdtemp(path.data()) == nullptr) abort();
  return path;
}

const std::vector<const Backend*>& backends() {
  static const MemoryBackend memory;
  static const LmdbBackend lmdb;
  static const std::vector<const Backend*> all = {&memory, &lmdb};
  return all;
}

}  // namespace store
