#include "bare_tls.h"

#include <arpa/inet.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <ctime>
#include <functional>
#include <thread>
#include <vector>

namespace bench {
namespace {

double thread_cpu_us() {
  timespec time{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_nsec) / 1e3;
}

SSL_CTX* server_context(const std::string& certificate, const std::string& key) {
  SSL_CTX* context = SSL_CTX_new(TLS_server_method());
  BIO* text = BIO_new_mem_buf(certificate.data(), static_cast<int>(certificate.size()));
  X509* leaf = PEM_read_bio_X509(text, nullptr, nullptr, nullptr);
  BIO* secret = BIO_new_mem_buf(key.data(), static_cast<int>(key.size()));
  EVP_PKEY* pair = PEM_read_bio_PrivateKey(secret, nullptr, nullptr, nullptr);
  if (SSL_CTX_use_certificate(context, leaf) != 1 || SSL_CTX_use_PrivateKey(context, pair) != 1) abort();
  X509_free(leaf);
  EVP_PKEY_free(pair);
  BIO_free(text);
  BIO_free(secret);
  return context;
}

struct Pair {
  SSL* server;
  SSL* client;
};

Pair connect_pair(int listener, SSL_CTX* server, SSL_CTX* client) {
  sockaddr_in address{};
  socklen_t length = sizeof address;
  getsockname(listener, reinterpret_cast<sockaddr*>(&address), &length);
  int near = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(near, reinterpret_cast<sockaddr*>(&address), length) != 0) abort();
  Pair pair{SSL_new(server), SSL_new(client)};
  SSL_set_fd(pair.server, accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
  SSL_set_fd(pair.client, near);
  std::thread other([&] { SSL_connect(pair.client); });
  if (SSL_accept(pair.server) != 1) abort();
  other.join();
  return pair;
}

void drink(const std::vector<Pair>& pairs, size_t each) {
  std::string buffer(size_t{64} * 1024, 0);
  for (;;) {
    for (const Pair& pair : pairs) {
      for (size_t got = 0; got < each;) {
        ssize_t more = recv(SSL_get_fd(pair.client), buffer.data(), buffer.size(), 0);
        if (more <= 0) return;
        got += static_cast<size_t>(more);
      }
    }
  }
}

}  // namespace

double bare_tls_us(const std::string& certificate, const std::string& key, size_t size, int connections, int together,
                   int rounds) {
  SSL_CTX* server = server_context(certificate, key);
  SSL_CTX* client = SSL_CTX_new(TLS_client_method());
  int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in any{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  if (bind(listener, reinterpret_cast<sockaddr*>(&any), sizeof any) != 0 || listen(listener, SOMAXCONN) != 0) abort();
  std::vector<Pair> pairs;
  for (int i = 0; i < connections; ++i) pairs.push_back(connect_pair(listener, server, client));
  std::string events(size * static_cast<size_t>(together), 'e');
  std::thread reader(drink, std::cref(pairs), events.size());
  double cpu = thread_cpu_us();
  for (int round = 0; round < rounds; ++round) {
    for (const Pair& pair : pairs) SSL_write(pair.server, events.data(), static_cast<int>(events.size()));
  }
  cpu = thread_cpu_us() - cpu;
  for (const Pair& pair : pairs) shutdown(SSL_get_fd(pair.server), SHUT_RDWR);
  reader.join();
  for (const Pair& pair : pairs) {
    close(SSL_get_fd(pair.server));
    close(SSL_get_fd(pair.client));
    SSL_free(pair.server);
    SSL_free(pair.client);
  }
  close(listener);
  SSL_CTX_free(server);
  SSL_CTX_free(client);
  return cpu / (static_cast<double>(rounds) * connections * together);
}

}  // namespace bench
