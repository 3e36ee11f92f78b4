// The API from inside the process: the same road as every request, without sockets, TLS and HTTP. Reads hand out the
// store's own bytes, shared by reference; a watch hands out the store's entries past the watcher's selectors.
//
// What client::Transport is made of on top of this lives where both are known. One loop at a time; the server outlives
// it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "apiserver/registry/watch.h"
#include "apiserver/server.h"
#include "base/bytes.h"
#include "base/result.h"
#include "io/task.h"
#include "store/store.h"

namespace apiserver {

class Local {
 public:
  // `user` is believed: whoever holds this has authenticated it. Authorization and admission see it as they see others.
  Local(Server& server, User user, std::string user_agent = "");

  struct Reply {
    int status = 0;
    std::string
        content_type;  // "application/vnd.kubernetes.protobuf" (enveloped), or JSON where there is no protobuf form
    base::Bytes body;
  };
  // Any verb but watch. An error of the API is a reply, with its Status as the body.
  io::Task<Reply> call(std::string method, std::string target, std::string content_type, base::Bytes body);

  struct Page {
    std::shared_ptr<const Served> served;
    std::vector<store::EntryRef> entries;  // storage form: message() of the served takes the envelope off
    std::string resource_version;
    std::string continue_token;
  };
  // GET of a list. The error carries the Status.
  io::Task<base::Result<Page>> list(std::string target);
  // GET of a watch.
  io::Task<base::Result<std::unique_ptr<WatchStream>>> watch(std::string target);

 private:
  Call make_call(std::string method, const std::string& target) const;

  Server& server_;
  const User user_;
  const std::string user_agent_;
};

}  // namespace apiserver
