// What the parts of the fake server share.
#pragma once

#include <deque>

#include "client/status.h"
#include "client/testing/fake_select.h"
#include "client/testing/fake_server.h"

namespace client {

struct FakeServer::Where {
  const schema::Resource* resource = nullptr;
  std::string namespace_;
  std::string name;
  std::string subresource;
  std::map<std::string, std::string, std::less<>> query;

  std::string_view parameter(std::string_view key) const {
    auto found = query.find(key);
    return found == query.end() ? std::string_view() : found->second;
  }
  base::Result<FakeSelection> selection() const {
    FakeSelection selection;
    TRY(selection.labels, schema::LabelSelector::parse(parameter("labelSelector")));
    TRY(selection.fields, schema::FieldSelector::parse(parameter("fieldSelector")));
    selection.namespace_ = namespace_;
    selection.name = name;
    return selection;
  }
};

// One watch. The server tells it what changed; it keeps what its selection lets through until next() takes it.
class FakeServer::Watching final : public RawWatch {
 public:
  Watching(FakeServer& server, const schema::Type& type, FakeSelection selection);
  ~Watching() override;

  io::Task<base::Result<std::vector<RawEvent>>> next() override;
  void add(const Change& change);
  void end(base::Error error);

  const schema::Type* type;

 private:
  FakeServer& server_;
  FakeSelection selection_;
  std::vector<RawEvent> events_;
  std::optional<base::Error> end_;
  io::Event told_;
  std::list<Watching*>::iterator place_;
};

}  // namespace client
