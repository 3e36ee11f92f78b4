// Questions to servers outside: webhooks for admission, authentication and authorization, issuers of tokens, and where
// audit events go.
// One request, one answer; redirects are answers like any other, never followed.
#pragma once

#include <string>

#include "base/result.h"
#include "io/http.h"
#include "io/loop.h"
#include "io/task.h"

namespace apiserver {

struct Destination {
  std::string shown;        // as complaints name it: "https://hook.team.svc:443/check?timeout=10s"
  std::string url;          // where to connect: "https://10.1.2.3:8443"
  std::string target;       // "/check?timeout=10s"
  std::string server_name;  // whom its certificate must name; "": the host of `url`
  std::string host;         // of the Host header; "": the host of `url`
  std::string authority;    // PEM; "": the system's
  std::string certificate;  // ours, PEM; may be empty
  std::string key;
  std::string authorization;  // the header's value; may be empty
  bool skip_verify = false;
};

struct Reply {
  int status = 0;
  std::string body;
};

// Any status is a reply. Timeout after `timeout`, Unavailable when there is no reaching it, TooLarge for endless
// answers; texts are those of upstream's client: `Post "https://...": context deadline exceeded`. On the current loop.
io::Task<base::Result<Reply>> post(Destination destination, std::string body, io::Duration timeout);
// The same for a document that is fetched.
io::Task<base::Result<Reply>> get(Destination destination, io::Duration timeout);

}  // namespace apiserver
