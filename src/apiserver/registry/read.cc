#include "apiserver/crd/webhook_conversion.h"
#include "apiserver/pipeline/errors.h"
#include "apiserver/registry/options.h"
#include "apiserver/registry/registry.h"
#include "apiserver/registry/selection.h"
#include "base/strings.h"

namespace apiserver {

io::Task<base::Result<Answer>> Registry::get(Call& call, const Served& served) {
  const auto& row = served.row();
  auto asked = call.query.get("resourceVersion");
  if (!asked.empty()) {
    CO_TRY(auto revision, parse_resource_version(asked));
    if (revision > options_.store.revision()) {
      store::ListOptions wait{.not_older_than = revision, .limit = 1};
      auto page = co_await options_.store.list(served.prefix(""), wait);
      if (!page) co_return base::fail(too_large_resource_version(revision, options_.store.revision()));
    }
  }
  CO_TRY(auto entry,
         co_await options_.store.get(served.key(row.namespaced ? call.info.namespace_ : "", call.info.name)));
  if (entry == nullptr) co_return base::fail(not_found(row.group, row.plural, call.info.name));
  std::vector<store::EntryRef> one;
  one.push_back(std::move(entry));
  CO_TRY(auto entries, co_await as_served(served, std::move(one)));
  Answer answer;
  answer.served = &served;
  answer.entry = std::move(entries.front());
  co_return answer;
}

io::Task<base::Result<Answer>> Registry::list(Call& call, const Served& served) {
  CO_TRY(auto query, read_list_query(call.query, served, false));
  CO_TRY(auto page,
         co_await select_page(options_.store, served, call.info.namespace_, std::move(query), conversion_to(served)));
  Answer answer;
  answer.served = &served;
  answer.page = std::move(page);
  co_return answer;
}

io::Task<base::Result<schema::Object>> Registry::get_object(const Served& served, std::string namespace_,
                                                            std::string name) {
  CO_TRY(auto entry, co_await options_.store.get(served.key(namespace_, name)));
  if (entry == nullptr) co_return base::fail(not_found(served.row().group, served.row().plural, name));
  co_return co_await decode(served, std::move(entry));
}

io::Task<base::Result<std::vector<store::EntryRef>>> Registry::as_served(const Served& served,
                                                                         std::vector<store::EntryRef> entries) {
  if (!crd::asks_webhook(served)) co_return entries;
  co_return co_await crd::in_version(reader_, options_.random, served, std::move(entries));
}

Convert Registry::conversion_to(const Served& served) {
  if (!crd::asks_webhook(served)) return nullptr;
  return [this, kept = served.shared_from_this()](std::vector<store::EntryRef> entries) {
    return as_served(*kept, std::move(entries));
  };
}

io::Task<base::Result<schema::Object>> Registry::decode(const Served& served, store::EntryRef entry) {
  if (!crd::asks_webhook(served)) co_return served.decode(*entry);
  std::vector<store::EntryRef> one;
  one.push_back(std::move(entry));
  CO_TRY(auto entries, co_await as_served(served, std::move(one)));
  co_return served.decode(*entries.front());
}

io::Task<base::Result<base::Bytes>> Registry::encode(const Served& served, const schema::Object& object) {
  if (!crd::asks_webhook(served)) co_return base::Bytes(served.encode(object));
  CO_TRY(auto text, co_await crd::stored_form(reader_, options_.random, served, object));
  co_return base::Bytes(std::move(text));
}

}  // namespace apiserver
