// A key in etcd that is there as long as whoever put it there lives: it hangs on a lease that wants to be kept alive.
// One loop.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/result.h"
#include "io/task.h"
#include "store/etcd/etcd_client.h"

namespace store {

class EtcdPresence {
 public:
  struct Options {
    std::string prefix;  // "/registry/masterleases/": below it everybody who is there has a key
    std::string name;    // ours
    std::string value;
    int64_t seconds = 15;  // how long the key stays after the last renew()
  };
  EtcdPresence(std::unique_ptr<EtcdClient> client, Options options);

  // Puts the key there, or keeps it; for another `seconds`.
  io::Task<base::Result<void>> renew();
  // Takes it away.
  io::Task<base::Result<void>> withdraw();
  // The names of all who are there, in order.
  io::Task<base::Result<std::vector<std::string>>> names();

 private:
  const std::unique_ptr<EtcdClient> client_;
  const Options options_;
  int64_t lease_ = 0;
};

}  // namespace store
