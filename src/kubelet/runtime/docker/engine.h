// The Docker Engine's HTTP API over its unix socket: JSON in, JSON out. One loop.
//
// Paths are without the version, which is agreed upon with the first call. Errors carry the engine's words: NotFound,
// Conflict, BadRequest as it answers 404, 409, 400; Unavailable when it cannot be reached, Timeout when it does not
// answer in time.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "io/http_client.h"
#include "io/loop.h"
#include "io/task.h"
#include "schema/value.h"

namespace kubelet::docker {

class Engine {
 public:
  // BadRequest unless `endpoint` is a unix socket: "unix:///var/run/docker.sock". Connects when first called.
  static base::Result<std::unique_ptr<Engine>> create(std::string endpoint);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  static constexpr io::Duration kTimeout = std::chrono::minutes(2);

  // The answer's JSON, null when it has no body.
  io::Task<base::Result<schema::Value>> get(std::string path, io::Duration timeout = kTimeout);
  // `body` null: none.
  io::Task<base::Result<schema::Value>> post(std::string path, schema::Value body = {},
                                             io::Duration timeout = kTimeout);
  io::Task<base::Result<void>> remove(std::string path);

  // Calls `line` with each JSON value of an endless answer until it ends. Values are separated by new lines. An error
  // of `line` ends it.
  using OnLine = std::function<base::Result<void>(const schema::Value& value)>;
  io::Task<base::Result<void>> stream(std::string method, std::string path, io::Headers headers, base::Bytes body,
                                      OnLine line);

  // A connection that carries the raw bytes of a process after the request.
  io::Task<base::Result<std::unique_ptr<io::Stream>>> hijack(std::string path, schema::Value body = {});

 private:
  Engine(std::string socket, std::unique_ptr<io::HttpClient> http)
      : socket_(std::move(socket)), http_(std::move(http)) {}
  io::Task<base::Result<void>> agree();
  io::Task<base::Result<schema::Value>> call(std::string method, std::string path, schema::Value body,
                                             io::Duration timeout);
  io::Task<base::Result<schema::Value>> exchange(std::string method, std::string target, base::Bytes body);

  std::string socket_;
  std::unique_ptr<io::HttpClient> http_;
  std::string prefix_;  // "/v1.44"; "" before it was agreed upon
};

// {"label": ["a=b"]} as the value of a query's "filters".
std::string filters(std::initializer_list<schema::Member> members);

// An integer down a path of keys, 0 when there is none.
int64_t integer_at(const schema::Value& value, std::initializer_list<std::string_view> path);
bool bool_at(const schema::Value& value, std::initializer_list<std::string_view> path);

}  // namespace kubelet::docker
