#include "store/testing_backends.h"

#include <cstdlib>
#include <filesystem>

#include "store/etcd/etcd_client.h"
#include "store/etcd/testing_etcd.h"

namespace store {
namespace {

class MemoryPlace final : public Place {
 public:
  io::Task<base::Result<std::unique_ptr<Store>>> open(Indexer indexer, HistoryOptions history,
                                                      std::shared_ptr<const Sealer>) override {
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
  io::Task<base::Result<std::unique_ptr<Store>>> open(Indexer indexer, HistoryOptions history,
                                                      std::shared_ptr<const Sealer> sealer) override {
    co_return open_lmdb({.directory = folder_ + "/store",
                         .indexer = std::move(indexer),
                         .sealer = std::move(sealer),
                         .history = history});
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

// Deletes what is under "/registry/".
io::Task<base::Result<void>> empty_etcd(std::string endpoint) {
  CO_TRY(auto client, EtcdClient::create({.endpoints = {std::move(endpoint)}}));
  etcd::DeleteRangeRequest request;
  request.key = "/registry/";
  request.range_end = etcd_prefix_end(request.key);
  CO_TRY(co_await client->delete_range(std::move(request)));
  co_return base::Result<void>{};
}

// One etcd for all tests of the program.
class SharedEtcd {
 public:
  SharedEtcd() : etcd_(loop_->run_task(testing::Etcd::start())) {
    if (!etcd_) abort();
  }
  const std::string& endpoint() const { return (*etcd_)->endpoint(); }

 private:
  std::unique_ptr<io::Loop> loop_ = *io::Loop::create();
  base::Result<std::unique_ptr<testing::Etcd>> etcd_;
};

class EtcdPlace final : public Place {
 public:
  EtcdPlace() {
    static SharedEtcd etcd;
    endpoint_ = etcd.endpoint();
  }
  io::Task<base::Result<std::unique_ptr<Store>>> open(Indexer indexer, HistoryOptions history,
                                                      std::shared_ptr<const Sealer> sealer) override {
    if (!std::exchange(emptied_, true)) CO_TRY(co_await empty_etcd(endpoint_));
    co_return co_await open_etcd(
        {.endpoints = {endpoint_}, .indexer = std::move(indexer), .sealer = std::move(sealer), .history = history});
  }
  bool keeps() const override { return true; }
  bool keeps_history() const override { return true; }

 private:
  std::string endpoint_;
  bool emptied_ = false;
};

class EtcdBackend final : public Backend {
 public:
  std::string_view name() const override { return "Etcd"; }
  std::string unavailable() const override { return testing::Etcd::is_installed() ? "" : "etcd is not installed"; }
  std::unique_ptr<Place> make_place() const override { return std::make_unique<EtcdPlace>(); }
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
  static const EtcdBackend etcd;
  static const std::vector<const Backend*> all = {&memory, &lmdb, &etcd};
  return all;
}

}  // namespace store
