#include "apiserver/render/page_stream.h"

#include "api/meta_v1.h"
#include "apiserver/registry/wire.h"
#include "apiserver/render/render.h"
#include "base/strings.h"
#include "schema/json.h"
#include "schema/protobuf.h"

namespace apiserver {
namespace {

namespace meta = api::meta_v1;

constexpr size_t kStreamFrom = size_t{512} << 10;  // of stored bytes
constexpr size_t kPiece = size_t{128} << 10;

meta::ListMeta list_meta(const ListPage& page) {
  meta::ListMeta made;
  made.resource_version = std::to_string(page.revision);
  made.continue_ = page.continue_token;
  if (page.remaining) made.remaining_item_count = *page.remaining;
  return made;
}

std::string message_of(const Served& served, const store::Entry& entry) {
  return wire::with_resource_version(served.message(entry), std::to_string(entry.revision));
}

}  // namespace

bool PageStream::suits(const Answer& answer, const Representation& representation) {
  if (!answer.page || representation.view != View::Object || representation.pretty) return false;
  if (representation.media == MediaType::Yaml) return false;
  if (representation.media == MediaType::Protobuf &&
      (answer.served->needs_conversion() || answer.served->custom() != nullptr))
    return false;
  size_t bytes = 0;
  for (const auto& entry : answer.page->entries) {
    bytes += entry->value.size();
    if (bytes >= kStreamFrom) return true;
  }
  return false;
}

PageStream::PageStream(Renderer& renderer, const Served& served, ListPage page, MediaType media)
    : renderer_(renderer), served_(served), page_(std::move(page)), media_(media) {}

std::string PageStream::json_head() const {
  auto metadata = list_meta(page_);
  std::string json = base::cat({"{\"kind\":\"", served_.row().list_kind, "\",\"apiVersion\":\"",
                                served_.type().api_version(), "\",\"metadata\":"});
  schema::append_json(json, meta::ListMeta::kType, &metadata, schema::WithTypeMeta::No);
  return json + ",\"items\":[";
}

// An envelope says how long its content is, so all sizes are looked at before.
std::string PageStream::protobuf_head() const {
  auto metadata = list_meta(page_);
  std::string head;
  wire::append_bytes(head, 1, schema::encode_protobuf(meta::ListMeta::kType, &metadata));
  size_t size = head.size();
  for (const auto& entry : page_.entries) {
    size_t message = message_of(served_, *entry).size();
    size += 1 + wire::varint_size(message) + message;
  }
  return wire::envelope_head(served_.type().api_version(), served_.row().list_kind, size) + head;
}

base::Result<void> PageStream::append_item(std::string& out, const store::EntryRef& entry) {
  if (media_ == MediaType::Protobuf) {
    wire::append_bytes(out, 2, message_of(served_, *entry));
    return {};
  }
  TRY(auto item, renderer_.item_json(served_, entry, entry->revision));
  if (at_ != 0) out += ',';
  out += item.view();
  return {};
}

base::Result<base::Bytes> PageStream::next() {
  if (ended_) return base::Bytes();
  std::string piece;
  piece.reserve(kPiece + kPiece / 4);
  if (at_ == 0) piece = media_ == MediaType::Protobuf ? protobuf_head() : json_head();
  for (; at_ < page_.entries.size() && piece.size() < kPiece; ++at_) TRY(append_item(piece, page_.entries[at_]));
  if (at_ == page_.entries.size()) {
    ended_ = true;
    piece += media_ == MediaType::Protobuf ? wire::kEnvelopeTail : std::string_view("]}\n");
  }
  return base::Bytes(std::move(piece));
}

}  // namespace apiserver
