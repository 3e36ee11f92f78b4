#include "controller/common/int_or_percent.h"

#include "base/strings.h"

namespace controller {

int32_t scaled(const schema::IntOrString& amount, int32_t total, Rounding rounding) {
  if (amount.is_int()) return amount.number;
  std::string_view text = amount.text;
  if (!text.ends_with('%')) return 0;
  text.remove_suffix(1);
  int64_t hundredfold = base::parse_int(text).value_or(0) * total;
  return static_cast<int32_t>(rounding == Rounding::Up ? (hundredfold + 99) / 100 : hundredfold / 100);
}

}  // namespace controller
