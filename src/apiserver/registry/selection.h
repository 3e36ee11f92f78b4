// Which entries a list or a watch is about, and pages of them.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "apiserver/registry/call.h"
#include "apiserver/registry/options.h"
#include "apiserver/registry/served.h"
#include "base/result.h"
#include "io/task.h"
#include "store/store.h"

namespace apiserver {

// How entries come to read in the version of a custom kind, where a webhook converts them. Null: they do as they are.
using Convert = std::function<io::Task<base::Result<std::vector<store::EntryRef>>>(std::vector<store::EntryRef>)>;

// Matches entries by label, field and namespace, on the attributes the store keeps: nothing is decoded.
class Selection {
 public:
  Selection(const Served& served, schema::LabelSelector labels, schema::FieldSelector fields)
      : served_(&served), labels_(std::move(labels)), fields_(std::move(fields)) {}
  bool is_everything() const { return labels_.is_everything() && fields_.is_everything(); }
  bool matches(const store::Entry& entry) const;
  // A prefix of the keys of all that it can match: one name in one namespace is one key.
  std::string prefix(std::string_view namespace_) const;
  // What a watch in that namespace may be narrowed to.
  store::Narrowing narrowing(std::string_view namespace_) const;
  // Whether fields of a custom object are looked at, so that an entry has to read in the version asked for to be
  // judged.
  bool reads_content() const;

 private:
  const Served* served_;
  schema::LabelSelector labels_;
  schema::FieldSelector fields_;
};

// The page that the query asks for, in the version of `served`. Expired for tokens and revisions that are too old,
// Timeout for ones to come.
io::Task<base::Result<ListPage>> select_page(store::Store& store, const Served& served, std::string namespace_,
                                             ListQuery query, Convert convert = nullptr);

// Where the next page begins.
struct ContinueToken {
  store::Revision revision = 0;  // 0: the newest
  std::string start;             // behind this key's tail
};
std::string encode_continue(const ContinueToken& token);
base::Result<ContinueToken> decode_continue(std::string_view text);

}  // namespace apiserver
