#include "io/tls_output.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>

namespace io {
namespace {

// Both ends of a connection whose writer does not block; what its kernel holds is bounded, and small.
class TlsOutputTest : public testing::Test {
 protected:
  TlsOutputTest() {
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, ends_), 0);
    for (int end : ends_) EXPECT_EQ(fcntl(end, F_SETFL, O_NONBLOCK), 0);
    int size = 4096;
    EXPECT_EQ(setsockopt(ends_[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof size), 0);
  }
  ~TlsOutputTest() override {
    close(ends_[0]);
    close(ends_[1]);
  }
  std::string arrived() {
    std::string all(1 << 20, '\0');
    ssize_t got = recv(ends_[1], all.data(), all.size(), 0);
    all.resize(got > 0 ? static_cast<size_t>(got) : 0);
    return all;
  }

  int ends_[2] = {-1, -1};
};

TEST_F(TlsOutputTest, WhatIsNotGatheredGoesOutAtOnce) {
  TlsOutput output(ends_[0]);
  EXPECT_EQ(output.put("hello"), 5);
  EXPECT_EQ(arrived(), "hello");
}

TEST_F(TlsOutputTest, WhatIsGatheredGoesOutTogether) {
  TlsOutput output(ends_[0]);
  output.gather();
  EXPECT_EQ(output.put("one,"), 4);
  EXPECT_EQ(output.put("two"), 3);
  EXPECT_EQ(arrived(), "");
  EXPECT_EQ(output.send(), TlsOutput::Sent::All);
  EXPECT_EQ(arrived(), "one,two");
}

TEST_F(TlsOutputTest, WhatTheKernelDoesNotTakeFollowsInOrder) {
  TlsOutput output(ends_[0]);
  std::string text;
  for (int i = 0; text.size() < 500'000; ++i) text += std::to_string(i) + ' ';
  output.gather();
  EXPECT_EQ(output.put(text), static_cast<long>(text.size()));
  ASSERT_EQ(output.send(), TlsOutput::Sent::Part);
  EXPECT_TRUE(output.has_unsent());
  // Nothing overtakes it.
  EXPECT_EQ(output.put("alert"), -1);
  EXPECT_EQ(errno, EAGAIN);
  std::string got;
  while (output.has_unsent()) {
    got += arrived();
    ASSERT_NE(output.send(), TlsOutput::Sent::Failed);
  }
  EXPECT_EQ(output.put("alert"), 5);
  for (std::string piece = arrived(); !piece.empty(); piece = arrived()) got += piece;
  EXPECT_TRUE(got == text + "alert");
}

TEST_F(TlsOutputTest, APeerThatHasGoneIsAFailure) {
  TlsOutput output(ends_[0]);
  close(ends_[1]);
  ends_[1] = -1;
  output.gather();
  output.put("anybody?");
  EXPECT_EQ(output.send(), TlsOutput::Sent::Failed);
  EXPECT_EQ(errno, EPIPE);
}

TEST_F(TlsOutputTest, ItsBioAsksToRetryWhenTheKernelIsFull) {
  TlsOutput output(ends_[0]);
  BIO* bio = output.make_bio();
  ASSERT_NE(bio, nullptr);
  EXPECT_EQ(BIO_write(bio, "hello", 5), 5);
  std::string text(500'000, 'x');
  while (BIO_write(bio, text.data(), static_cast<int>(text.size())) > 0) {
  }
  EXPECT_TRUE(BIO_should_retry(bio));
  EXPECT_TRUE(BIO_should_write(bio));
  BIO_free(bio);
}

}  // namespace
}  // namespace io
