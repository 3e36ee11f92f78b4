// Where the TLS library puts its records. It would make a system call for each, of 16 KB; here those that are made
// while gathering() go out in one. One for each connection, as its write BIO; one loop.
#pragma once

#include <string>
#include <string_view>

struct bio_st;

namespace io {

class TlsOutput {
 public:
  enum class Sent : uint8_t { All, Part, Failed };  // Failed: errno says why

  explicit TlsOutput(int fd) : fd_(fd) {}
  TlsOutput(const TlsOutput&) = delete;
  TlsOutput& operator=(const TlsOutput&) = delete;

  // A BIO that writes here; owned by whom it is given to (SSL_set0_wbio), and used no longer than this lives.
  bio_st* make_bio();

  // From here on records are kept, until send().
  void gather();
  // Sends what was gathered, and what an earlier send() could not. Part: the descriptor takes no more for now.
  Sent send();
  // Bytes that wait for send(), beside what is being gathered.
  bool has_unsent() const { return !unsent_.empty(); }

  // For the BIO: bytes taken, or -1 with errno.
  long put(std::string_view bytes);

 private:
  long send_now(std::string_view bytes) const;

  const int fd_;
  bool gathering_ = false;
  std::string unsent_;  // what the descriptor would not take
};

}  // namespace io
