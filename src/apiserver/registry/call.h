// A request past authentication, whichever way it came, and what is answered to it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apiserver/pipeline/identity.h"
#include "apiserver/pipeline/query.h"
#include "apiserver/pipeline/request_info.h"
#include "base/bytes.h"
#include "schema/object.h"
#include "store/store.h"

namespace apiserver {

class Served;

// One loop at a time; lives until its answer is made.
struct Call {
  std::string method;  // "GET"
  RequestInfo info;
  Query query;
  User user;
  std::string user_agent;
  std::string content_type;
  std::string body;                   // whole; within the limit
  std::vector<std::string> warnings;  // for the Warning headers, filled on the way
  std::string audit_id;
  std::map<std::string, std::string> audit_annotations;
  std::shared_ptr<const Served> served;  // what it is about, once that is known; kept as long as the call

  void warn(std::string text);  // each text once
};

// A page of a list: the entries themselves, shared with the store.
struct ListPage {
  std::vector<store::EntryRef> entries;
  store::Revision revision = 0;
  std::string continue_token;
  std::optional<int64_t> remaining;
};

// What is answered: exactly one of entry, object and page.
struct Answer {
  int status = 200;
  const Served* served = nullptr;  // the resource of entry and page; of the object when it is one of a resource
  store::EntryRef entry;           // straight from the store, in its storage form
  schema::Object object;           // in the version asked for, with its resource version
  std::optional<ListPage> page;

  static Answer of(schema::Object object, int status = 200, const Served* served = nullptr) {
    Answer answer;
    answer.status = status;
    answer.object = std::move(object);
    answer.served = served;
    return answer;
  }
};

}  // namespace apiserver
