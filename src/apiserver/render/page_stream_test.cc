#include "apiserver/render/page_stream.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include "api/core_v1.h"
#include "apiserver/pipeline/gzip.h"
#include "apiserver/registry/served.h"
#include "apiserver/render/render.h"

namespace apiserver {
namespace {

namespace core = api::core_v1;

class PageStreamTest : public ::testing::Test {
 protected:
  Answer list(size_t count, size_t bytes_each) {
    Answer answer;
    answer.served = &catalog_.of<core::ConfigMap>();
    answer.page.emplace();
    answer.page->revision = 99;
    for (size_t i = 0; i < count; ++i) {
      core::ConfigMap map;
      map.metadata.name = "m" + std::to_string(i);
      map.data["k"] = std::string(bytes_each, 'x');
      auto entry = std::make_shared<store::Entry>();
      entry->key = answer.served->key("default", map.metadata.name);
      entry->value = base::Bytes(answer.served->encode(schema::Object(map)));
      entry->revision = i + 1;
      answer.page->entries.push_back(std::move(entry));
    }
    return answer;
  }

  Catalog catalog_;
  Renderer renderer_{base::system_clock(), 1 << 20};
};

TEST_F(PageStreamTest, PiecesJoinToWhatIsRenderedAtOnce) {
  for (MediaType media : {MediaType::Json, MediaType::Protobuf}) {
    Answer answer = list(60, 20'000);
    Representation representation{.media = media};
    ASSERT_TRUE(PageStream::suits(answer, representation));
    auto whole = renderer_.render(answer, representation, Query(""));
    ASSERT_TRUE(whole);
    PageStream stream(renderer_, *answer.served, *answer.page, media);
    std::string joined;
    size_t pieces = 0;
    for (;; ++pieces) {
      auto piece = stream.next();
      ASSERT_TRUE(piece);
      if (piece->empty()) break;
      joined += piece->view();
    }
    EXPECT_GT(pieces, 5U);
    EXPECT_TRUE(joined == whole->view());
  }
}

TEST_F(PageStreamTest, SmallListsAndOtherFormsAreMadeAtOnce) {
  EXPECT_FALSE(PageStream::suits(list(3, 10), {}));
  EXPECT_FALSE(PageStream::suits(list(60, 20'000), {.view = View::Table}));
  EXPECT_FALSE(PageStream::suits(list(60, 20'000), {.pretty = true}));
}

TEST(Gzip, PiecesUnpackToWhatWentIn) {
  std::string text, packed;
  Gzip gzip;
  for (int i = 0; i < 50; ++i) {
    std::string piece(static_cast<size_t>(i) * 997, static_cast<char>('a' + i % 26));
    text += piece;
    packed += gzip.add(piece);
  }
  packed += gzip.add("", true);
  z_stream stream{};
  ASSERT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
  std::string out(text.size() + 1, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_in = static_cast<uInt>(packed.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  inflateEnd(&stream);
  EXPECT_TRUE(out == text);
}

}  // namespace
}  // namespace apiserver
