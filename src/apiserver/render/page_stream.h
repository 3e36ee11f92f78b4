// A list as bytes, made piece by piece while it is sent, so that a large one never stands in memory as a whole: objects
// are what the store holds, and are encoded when their turn comes.
#pragma once

#include "apiserver/pipeline/negotiate.h"
#include "apiserver/registry/call.h"
#include "base/bytes.h"
#include "base/result.h"

namespace apiserver {

class Renderer;

// One loop; the renderer outlives it.
class PageStream {
 public:
  // Whether the answer is a list that is large enough to be worth it, in a form that can be made in pieces.
  static bool suits(const Answer& answer, const Representation& representation);

  PageStream(Renderer& renderer, const Served& served, ListPage page, MediaType media);

  // The next piece; empty at the end.
  base::Result<base::Bytes> next();

 private:
  std::string json_head() const;
  std::string protobuf_head() const;
  base::Result<void> append_item(std::string& out, const store::EntryRef& entry);

  Renderer& renderer_;
  const Served& served_;
  const ListPage page_;
  const MediaType media_;
  size_t at_ = 0;
  bool ended_ = false;
};

}  // namespace apiserver
