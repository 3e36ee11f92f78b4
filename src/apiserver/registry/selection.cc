#include "apiserver/registry/selection.h"

#include <algorithm>
#include <list>

#include "apiserver/crd/kind.h"
#include "apiserver/pipeline/errors.h"
#include "base/strings.h"
#include "schema/custom.h"
#include "schema/status.h"
#include "schema/value.h"

namespace apiserver {
namespace {

constexpr std::string_view kTokenVersion = "meta.k8s.io/v1";
constexpr size_t kScanChunk = 1000;  // entries looked at in one go when a selector may leave most of them out

// A field of a custom kind by which objects are selected; "" when it is absent.
std::string selectable_text(const crd::Kind& kind, const schema::Object& object, std::string_view field) {
  for (const auto& [name, path] : kind.selectable()) {
    if (name != field) continue;
    const schema::Value* value = path.first(schema::custom_of(object)->content);
    if (value == nullptr) return "";
    return value->is_string() ? value->as_string() : value->to_json();
  }
  return "";
}

// Upstream offers a fresh token with the refusal, so that a client may go on with what is there now.
base::Error continue_expired(const std::string& start) {
  auto error = expired(
      "The provided continue parameter is too old to display a consistent list result. You can start a new list "
      "without the "
      "continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
      "Continuing with the "
      "provided token results in an inconsistent list - objects that were created, modified, or deleted between the "
      "time the first "
      "chunk was returned and now may show up in the list.");
  auto status = schema::status_of(error);
  status.metadata.continue_ = encode_continue({0, start});
  return schema::error_of(std::move(status));
}

base::Error invalid_continue(std::string_view why) {
  return bad_request(base::cat({"invalid continue token: continue key is not valid: ", why}));
}

}  // namespace

bool Selection::reads_content() const {
  if (served_->custom() == nullptr) return false;
  return std::any_of(fields_.terms().begin(), fields_.terms().end(),
                     [](const auto& term) { return term.field != "name" && !term.field.starts_with("metadata."); });
}

std::string Selection::prefix(std::string_view namespace_) const {
  auto name = fields_.exact("metadata.name");
  if (!served_->row().namespaced) return served_->prefix("") + std::string(name.value_or(""));
  if (namespace_.empty()) namespace_ = fields_.exact("metadata.namespace").value_or("");
  return namespace_.empty() || !name ? served_->prefix(namespace_) : served_->key(namespace_, *name);
}

store::Narrowing Selection::narrowing(std::string_view namespace_) const {
  auto name = fields_.exact("metadata.name");
  if (name && (!namespace_.empty() || !served_->row().namespaced)) {
    return {std::string(store::Narrowing::kRest), std::string(*name)};
  }
  if (served_->custom() != nullptr) return {};
  for (const auto& term : fields_.terms()) {
    if (term.equal && term.field != "name" && !term.field.starts_with("metadata.")) return {term.field, term.value};
  }
  return {};
}

bool Selection::matches(const store::Entry& entry) const {
  if (!labels_.is_everything()) {
    const auto& labels = entry.attributes.labels;
    if (!labels_.matches([&](std::string_view key) { return labels.find(key); })) return false;
  }
  if (fields_.is_everything()) return true;
  auto tail = served_->tail(entry.key);
  auto slash = tail.find('/');
  bool namespaced = served_->row().namespaced && slash != std::string_view::npos;
  std::list<std::string> texts;  // of fields that are read now; seldom any
  schema::Object object;
  return fields_.matches([&](std::string_view field) -> std::optional<std::string_view> {
    if (field == "metadata.name" || field == "name") return namespaced ? tail.substr(slash + 1) : tail;
    if (field == "metadata.namespace") return namespaced ? tail.substr(0, slash) : std::string_view();
    if (served_->custom() == nullptr) return entry.attributes.fields.find(field);
    if (!object) {
      auto decoded = served_->decode(entry);
      if (!decoded) return std::nullopt;
      object = std::move(*decoded);
    }
    return texts.emplace_back(selectable_text(*served_->custom(), object, field));
  });
}

std::string encode_continue(const ContinueToken& token) {
  std::string json = base::cat({"{\"v\":\"", kTokenVersion, "\""});
  json += token.revision == 0 ? ",\"rv\":-1" : ",\"rv\":" + std::to_string(token.revision);
  json += ",\"start\":";
  base::append_json_string(json, token.start + std::string(1, '\0'));
  json += "}";
  return base::base64url_encode(json);
}

base::Result<ContinueToken> decode_continue(std::string_view text) {
  // Bits that fill up the last letter mean nothing here.
  std::string clean(text);
  constexpr std::string_view kLetters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  if (size_t last = clean.empty() ? kLetters.npos : kLetters.find(clean.back()); last != kLetters.npos) {
    if (clean.size() % 4 == 2) clean.back() = kLetters[last & 0x30];
    if (clean.size() % 4 == 3) clean.back() = kLetters[last & 0x3c];
  }
  auto json = base::base64url_decode(clean);
  if (!json) {
    // The place of the first letter that does not belong there, as Go counts.
    size_t at = text.find_first_not_of(kLetters);
    if (at == std::string_view::npos) at = text.size() / 4 * 4;
    return base::fail(invalid_continue(base::cat({"illegal base64 data at input byte ", std::to_string(at)})));
  }
  auto value = schema::Value::parse(*json);
  if (!value) return base::fail(invalid_continue(value.error().message()));
  if (value->text_at({"v"}) != kTokenVersion) {
    return base::fail(invalid_continue(
        base::cat({"server does not recognize this encoded version ", base::quote(value->text_at({"v"}))})));
  }
  ContinueToken token;
  const schema::Value* revision = value->find("rv");
  if (revision == nullptr || !revision->is_int() || revision->as_int() == 0) {
    return base::fail(invalid_continue("incorrect encoded start resourceVersion (version meta.k8s.io/v1)"));
  }
  token.revision = revision->as_int() < 0 ? 0 : static_cast<store::Revision>(revision->as_int());
  token.start = value->text_at({"start"});
  if (token.start.empty()) return base::fail(invalid_continue("encoded start key empty (version meta.k8s.io/v1)"));
  if (token.start.ends_with('\0')) token.start.pop_back();
  return token;
}

io::Task<base::Result<ListPage>> select_page(store::Store& store, const Served& served, std::string namespace_,
                                             ListQuery query, Convert convert) {
  store::ListOptions options;
  std::string token_start;
  if (!query.continue_token.empty()) {
    if (!query.resource_version.empty() && query.resource_version != "0") {
      co_return base::fail(bad_request("specifying resource version is not allowed when using continue"));
    }
    CO_TRY(auto token, decode_continue(query.continue_token));
    options.at = token.revision;
    token_start = token.start;
    options.start_after = served.prefix("") + token.start;
  } else if (!query.resource_version.empty()) {
    auto revision = parse_resource_version(query.resource_version);
    if (!revision)
      co_return base::fail(bad_request(base::cat({"invalid resource version: ", revision.error().message()})));
    bool exact = query.resource_version_match == "Exact" ||
                 (query.resource_version_match.empty() && query.limit > 0 && *revision != 0);
    if (*revision > store.revision()) {
      // Short waits are the store's; what it cannot reach it refuses.
      auto waited = co_await store.list(served.prefix(""), {.not_older_than = *revision, .limit = 1});
      if (!waited) co_return base::fail(too_large_resource_version(*revision, store.revision()));
    }
    if (exact) options.at = *revision;
    if (!exact) options.consistent = false;
  }
  // Upstream's cache, which answers what may be of any age, knows no pages.
  if (query.resource_version == "0") query.limit = 0;
  Selection selection(served, query.labels, query.fields);
  size_t limit = query.limit > 0 ? static_cast<size_t>(query.limit) : 0;
  std::string prefix = selection.prefix(namespace_);
  ListPage result;
  if (selection.is_everything()) {
    options.limit = limit;
  } else if (limit != 0) {
    options.limit = std::max(limit, kScanChunk);
  }
  for (;;) {
    auto page = co_await store.list(prefix, options);
    if (!page) {
      if (page.error().code() != base::Code::Expired) co_return base::fail(std::move(page).error());
      if (!token_start.empty()) co_return base::fail(continue_expired(token_start));
      co_return base::fail(expired(base::cat({"The resourceVersion for the provided list is too old."})));
    }
    if (result.revision == 0) result.revision = page->revision;
    options.at = result.revision;
    if (selection.is_everything()) {
      result.entries = std::move(page->entries);
      if (page->more) {
        result.continue_token =
            encode_continue({result.revision, std::string(served.tail(result.entries.back()->key))});
        result.remaining = static_cast<int64_t>(page->remaining);
      }
      break;
    }
    if (convert && selection.reads_content()) {
      CO_TRY(page->entries, co_await convert(std::move(page->entries)));
    }
    bool full = false;
    for (size_t i = 0; i < page->entries.size(); ++i) {
      const auto& entry = page->entries[i];
      if (!selection.matches(*entry)) continue;
      result.entries.push_back(entry);
      if (limit == 0 || result.entries.size() < limit) continue;
      full = true;
      if (i + 1 < page->entries.size() || page->more) {
        result.continue_token = encode_continue({result.revision, std::string(served.tail(entry->key))});
      }
      break;
    }
    if (full || !page->more) break;
    options.start_after = page->entries.back()->key;
  }
  if (convert && !selection.reads_content()) {
    CO_TRY(result.entries, co_await convert(std::move(result.entries)));
  }
  co_return result;
}

}  // namespace apiserver
