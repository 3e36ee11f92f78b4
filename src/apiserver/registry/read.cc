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
  CO_TRY(auto entry, co_await options_.store.get(served.key(row.namespaced ? call.info.namespace_ : "", call.info.name)));
  if (entry == nullptr) co_return base::fail(not_found(row.group, row.plural, call.info.name));
  Answer answer;
  answer.served = &served;
  answer.entry = std::move(entry);
  co_return answer;
}

io::Task<base::Result<Answer>> Registry::list(Call& call, const Served& served) {
  CO_TRY(auto query, read_list_query(call.query, served, false));
  CO_TRY(auto page, co_await select_page(options_.store, served, call.info.namespace_, std::move(query)));
  Answer answer;
  answer.served = &served;
  answer.page = std::move(page);
  co_return answer;
}

}  // namespace apiserver
