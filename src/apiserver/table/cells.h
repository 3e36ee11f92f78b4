// How the cells of one row are written. Private to this folder.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "api/core_v1.h"
#include "api/meta_v1.h"
#include "base/time.h"
#include "schema/object.h"

namespace apiserver::table {

class Cells {
 public:
  explicit Cells(base::Time now) : now_(now) {}

  Cells& text(std::string_view value);
  Cells& text_or(std::string_view value, std::string_view otherwise) { return text(value.empty() ? otherwise : value); }
  Cells& number(int64_t value);
  Cells& flag(bool value);
  Cells& age(base::Time since);  // "5m"; "<unknown>" for no time at all

  base::Time now() const { return now_; }
  std::string age_text(base::Time since) const;
  std::vector<std::string> take() && { return std::move(cells_); }

 private:
  base::Time now_;
  std::vector<std::string> cells_;
};

// All cells of one object; the conditions of its row, where it has any.
using Printer = void (*)(const schema::Object& object, Cells& cells,
                         std::vector<api::meta_v1::TableRowCondition>& conditions);
struct PrinterEntry {
  const schema::Type* type;
  Printer print;
};
const std::vector<PrinterEntry>& core_printers();
const std::vector<PrinterEntry>& workload_printers();
const std::vector<PrinterEntry>& policy_printers();

// A printer from a function over the struct itself.
template <class T, void (*Print)(const T&, Cells&)>
PrinterEntry printer() {
  return {&T::kType, [](const schema::Object& object, Cells& cells, std::vector<api::meta_v1::TableRowCondition>&) {
            Print(object.as<T>(), cells);
          }};
}

// "a=b,c=d"; "<none>" for none.
std::string labels_text(const std::map<std::string, std::string, std::less<>>& labels);
std::string selector_text(const api::meta_v1::LabelSelector& selector);  // "<none>" for an empty one
std::string container_names(const std::vector<api::core_v1::Container>& containers);
std::string container_images(const std::vector<api::core_v1::Container>& containers);

}  // namespace apiserver::table
