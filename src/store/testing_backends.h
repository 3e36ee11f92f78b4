// The stores there are, as the contract suite and other tests of the store see them. Tests only.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "io/loop.h"
#include "store/store.h"

namespace store {

// Where one test's objects live, over several openings; goes with all it made.
class Place {
 public:
  virtual ~Place() = default;
  virtual io::Task<base::Result<std::unique_ptr<Store>>> open(Indexer indexer, HistoryOptions history,
                                                              std::shared_ptr<const Sealer> sealer = no_sealer()) = 0;
  // Whether objects outlive the store.
  virtual bool keeps() const = 0;
  // Whether lists reach behind the history that the store itself bounds.
  virtual bool keeps_history() const { return false; }
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string_view name() const = 0;
  // Why it cannot be tested on this machine; empty: it can.
  virtual std::string unavailable() const { return {}; }
  virtual std::unique_ptr<Place> make_place() const = 0;
};

const std::vector<const Backend*>& backends();

// A new folder; the caller removes it.
std::string make_temporary_folder();

}  // namespace store
