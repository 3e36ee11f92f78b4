#include <map>

#include "base/strings.h"
#include "schema/apply/list_item.h"
#include "schema/apply/typed.h"

namespace schema::apply {
namespace {

using Merged = base::Result<std::optional<Value>>;  // nothing: the place stays empty

Merged merge_at(const TypeRef& type, const Value* live, const Value* config);

bool is_hollow(const Value* value) {
  if (value == nullptr || value->is_null()) return true;
  if (value->is_array()) return value->as_array().empty();
  return value->is_object() && value->as_object().empty();
}

Merged take(const Value* live, const Value* config) {
  const Value* taken = config != nullptr ? config : live;
  return taken == nullptr ? std::nullopt : std::optional(*taken);
}

Merged merge_maps(const TypeRef& type, const Value* live, const Value* config) {
  Value::Object out;
  auto put = [&](const std::string& key, const Value* before, const Value* after) -> base::Result<void> {
    auto below = type.at(key);
    if (!below) return {};
    TRY(auto merged, merge_at(*below, before, after));
    if (merged) out.set(key, std::move(*merged));
    return {};
  };
  if (live != nullptr && live->is_object()) {
    for (const Member& member : live->as_object()) {
      TRY(put(member.key, &member.value, config == nullptr ? nullptr : config->find(member.key)));
    }
  }
  if (config != nullptr && config->is_object()) {
    for (const Member& member : config->as_object()) {
      if (live == nullptr || live->find(member.key) == nullptr) TRY(put(member.key, nullptr, &member.value));
    }
  }
  return out.empty() ? std::nullopt : std::optional(Value(std::move(out)));
}

// The items of one side of a list, in order, and by path element.
struct Side {
  struct Item {
    PathElement element;
    const Value* value;
  };
  std::vector<Item> items;
  std::map<PathElement, const Value*> by_element;  // a null for those that occur twice

  bool has(const PathElement& element) const { return by_element.contains(element); }
  const Value* get(const PathElement& element) const {
    auto found = by_element.find(element);
    return found == by_element.end() ? nullptr : found->second;
  }
};

const Value kNull;

base::Result<Side> index_items(const TypeRef& type, const Value* list, Duplicates duplicates) {
  Side side;
  if (list == nullptr || !list->is_array()) return side;
  const auto& items = list->as_array();
  for (size_t i = 0; i < items.size(); ++i) {
    auto element = path_element(type, items[i]);
    if (!element) {
      return base::fail(base::Code::BadRequest,
                        base::cat({"element ", std::to_string(i), ": ", element.error().message()}));
    }
    auto [at, fresh] = side.by_element.try_emplace(*element, &items[i]);
    if (!fresh && duplicates == Duplicates::Refused) {
      return base::fail(base::Code::BadRequest, base::cat({"duplicate entries for key ", element->to_string()}));
    }
    if (!fresh) at->second = &kNull;
    side.items.push_back({std::move(*element), &items[i]});
  }
  return side;
}

// The applied order rules among the items that are applied; live items that are not stay where they stood between
// those that both sides have.
class ListMerge {
 public:
  ListMerge(const TypeRef& type, const Side& live, const Side& config)
      : items_(type.items()), live_(live), config_(config) {
    for (const auto& item : config.items) {
      if (live.has(item.element)) shared_.push_back(&item.element);
    }
  }

  Merged run() {
    size_t l = 0;
    size_t c = 0;
    while (l < live_.items.size() || c < config_.items.size()) {
      bool has_live = l < live_.items.size();
      bool has_config = c < config_.items.size();
      if (has_live && has_config) {
        const auto& element = live_.items[l].element;
        if (element == config_.items[c].element) {
          TRY(take_config(config_.items[c].element));
          ++l;
          ++c;
          advance();
          continue;
        }
        if (config_.has(element) && next() != nullptr && *next() != element) {
          ++l;  // shared, but another is due first
          continue;
        }
      }
      if (has_live) {
        const auto& item = live_.items[l];
        if (!config_.has(item.element)) {
          TRY(put(merge_at(items_, item.value, nullptr)));
          ++l;
          continue;
        }
        if (done_.contains(item.element)) ++l;
      }
      if (has_config) {
        const auto& element = config_.items[c].element;
        TRY(take_config(element));
        ++c;
        if (next() != nullptr && *next() == element) advance();
      }
    }
    return out_.empty() ? std::nullopt : std::optional(Value(std::move(out_)));
  }

 private:
  const PathElement* next() const { return due_ < shared_.size() ? shared_[due_] : nullptr; }
  void advance() {
    if (due_ < shared_.size()) ++due_;
  }
  base::Result<void> take_config(const PathElement& element) {
    done_[element] = true;
    return put(merge_at(items_, live_.get(element), config_.get(element)));
  }
  base::Result<void> put(Merged merged) {
    TRY(auto value, std::move(merged));
    if (value) out_.push_back(std::move(*value));
    return {};
  }

  const TypeRef items_;
  const Side& live_;
  const Side& config_;
  std::vector<const PathElement*> shared_;  // in the order of the config
  size_t due_ = 0;
  std::map<PathElement, bool> done_;
  Value::Array out_;
};

Merged merge_lists(const TypeRef& type, const Value* live, const Value* config) {
  TRY(auto right, index_items(type, config, Duplicates::Refused));
  TRY(auto left, index_items(type, live, Duplicates::Allowed));
  return ListMerge(type, left, right).run();
}

Merged merge_as(const Atom& atom, const TypeRef& type, const Value* live, const Value* config) {
  bool hollow = is_hollow(live) && is_hollow(config);
  if (atom.map != MapRule::None) {
    bool whole = atom.map == MapRule::Atomic || hollow;
    return whole ? take(live, config) : merge_maps(type, live, config);
  }
  if (atom.scalar != Scalar::None || atom.list == ListRule::Atomic || hollow) return take(live, config);
  return merge_lists(type, live, config);
}

Merged merge_at(const TypeRef& type, const Value* live, const Value* config) {
  Atom atom = type.atom();
  if (config == nullptr) return merge_as(atom.deduced(*live), type, live, config);
  // Where the two have different forms, the applied one counts.
  return merge_as(atom.deduced(*config), type, live, config);
}

}  // namespace

base::Result<Value> merge(const TypeRef& type, const Value& live, const Value& config) {
  TRY(auto merged, merge_at(type, &live, &config));
  return merged ? std::move(*merged) : Value();
}

}  // namespace schema::apply
