// Connections to servers outside that are kept for the next request: webhooks, extension servers. Each thread has its
// own, for the loop that it runs; they end with the loop.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "io/http_client.h"

namespace apiserver {

// The client that the current loop keeps under `key`, made with `make` when there is none. Hold it until the answer's
// head is there. The oldest give way when there are many.
base::Result<std::shared_ptr<io::HttpClient>> kept_client(
    const std::string& key, const std::function<base::Result<io::HttpClient::Options>()>& make);

// A key for one server under one trust; the client made for it holds the trust, so that its address stays its own.
std::string connection_key(const io::Address& address, const io::TlsClient* tls);

}  // namespace apiserver
