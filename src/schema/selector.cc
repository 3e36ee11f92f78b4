#include "schema/selector.h"

#include <algorithm>

#include "api/meta_v1.h"
#include "base/strings.h"
#include "schema/requirement.h"

namespace schema {

namespace {

using base::cat;
using base::Code;
using base::fail;
using base::Result;
using Operator = Requirement::Operator;

std::optional<std::string_view> find(const Labels& labels, std::string_view key) {
  auto label = labels.find(key);
  if (label == labels.end()) return std::nullopt;
  return label->second;
}

std::string escape_value(std::string_view value) {
  std::string out;
  for (char c : value) {
    if (c == '\\' || c == ',' || c == '=') out += '\\';
    out += c;
  }
  return out;
}

Result<std::string> unescape_value(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      std::string_view sequence = text.substr(i, 2);
      if (sequence.size() < 2 || std::string_view("\\,=").find(sequence[1]) == std::string_view::npos) {
        return fail(Code::BadRequest, cat({"invalid field selector: invalid escape sequence: ", sequence}));
      }
      out += text[++i];
      continue;
    }
    if (text[i] == ',' || text[i] == '=') {
      return fail(Code::BadRequest, cat({"invalid field selector: unescaped character in value: ",
                                         std::to_string(static_cast<int>(text[i]))}));
    }
    out += text[i];
  }
  return out;
}

// At commas that are not escaped.
std::vector<std::string_view> split_terms(std::string_view text) {
  std::vector<std::string_view> terms;
  size_t start = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == ',') {
      terms.push_back(text.substr(start, i - start));
      start = i + 1;
    }
  }
  terms.push_back(text.substr(start));
  return terms;
}

}  // namespace

bool Requirement::matches(std::optional<std::string_view> value) const {
  auto listed = [&] { return std::ranges::find(values, *value) != values.end(); };
  switch (op) {
    case Operator::In:
    case Operator::Equals:
    case Operator::DoubleEquals:
      return value && listed();
    case Operator::NotIn:
    case Operator::NotEquals:
      return !value || !listed();
    case Operator::Exists:
      return value.has_value();
    case Operator::DoesNotExist:
      return !value.has_value();
    case Operator::GreaterThan:
    case Operator::LessThan: {
      if (!value || values.empty()) return false;
      auto have = base::parse_int(*value);
      auto bound = base::parse_int(values[0]);
      return have && bound && (op == Operator::GreaterThan ? *have > *bound : *have < *bound);
    }
  }
  return false;
}

std::string Requirement::to_string() const {
  std::string list = base::join(values, ",");
  switch (op) {
    case Operator::In:
      return cat({key, " in (", list, ")"});
    case Operator::NotIn:
      return cat({key, " notin (", list, ")"});
    case Operator::Equals:
      return cat({key, "=", list});
    case Operator::DoubleEquals:
      return cat({key, "==", list});
    case Operator::NotEquals:
      return cat({key, "!=", list});
    case Operator::Exists:
      return key;
    case Operator::DoesNotExist:
      return cat({"!", key});
    case Operator::GreaterThan:
      return cat({key, ">", list});
    case Operator::LessThan:
      return cat({key, "<", list});
  }
  return key;
}

LabelSelector LabelSelector::nothing() {
  LabelSelector selector;
  selector.nothing_ = true;
  return selector;
}

Result<LabelSelector> LabelSelector::parse(std::string_view text) {
  LabelSelector selector;
  TRY(selector.requirements_, parse_requirements(text));
  return selector;
}

Result<LabelSelector> LabelSelector::from(const api::meta_v1::LabelSelector& selector) {
  LabelSelector out;
  for (const auto& [key, value] : selector.match_labels) {
    TRY(auto requirement, make_requirement(key, Operator::Equals, {value}));
    out.requirements_.push_back(std::move(requirement));
  }
  for (const auto& expression : selector.match_expressions) {
    Operator op;
    if (expression.operator_ == "In") {
      op = Operator::In;
    } else if (expression.operator_ == "NotIn") {
      op = Operator::NotIn;
    } else if (expression.operator_ == "Exists") {
      op = Operator::Exists;
    } else if (expression.operator_ == "DoesNotExist") {
      op = Operator::DoesNotExist;
    } else {
      return fail(Code::BadRequest,
                  cat({base::quote(expression.operator_), " is not a valid label selector operator"}));
    }
    TRY(auto requirement, make_requirement(expression.key, op, expression.values));
    out.requirements_.push_back(std::move(requirement));
  }
  std::ranges::sort(out.requirements_, {}, &Requirement::key);
  return out;
}

LabelSelector LabelSelector::from(const Labels& labels) {
  LabelSelector out;
  for (const auto& [key, value] : labels) out.requirements_.push_back({key, Operator::Equals, {value}});
  return out;
}

bool LabelSelector::matches(const Labels& labels) const {
  if (nothing_) return false;
  for (const Requirement& requirement : requirements_) {
    if (!requirement.matches(find(labels, requirement.key))) return false;
  }
  return true;
}

bool LabelSelector::matches(const Lookup& lookup) const {
  if (nothing_) return false;
  for (const Requirement& requirement : requirements_) {
    if (!requirement.matches(lookup(requirement.key))) return false;
  }
  return true;
}

std::string LabelSelector::to_string() const {
  std::string out;
  for (const Requirement& requirement : requirements_) {
    if (!out.empty()) out += ',';
    out += requirement.to_string();
  }
  return out;
}

Result<FieldSelector> FieldSelector::parse(std::string_view text) {
  std::vector<Term> terms;
  for (std::string_view part : split_terms(text)) {
    if (part.empty()) continue;
    size_t at = part.find('=');
    if (size_t bang = part.find("!="); bang < at) at = bang;
    if (at == part.npos) {
      return fail(Code::BadRequest, cat({"invalid selector: '", text, "'; can't understand '", part, "'"}));
    }
    bool equal = part[at] == '=';
    size_t length = !equal || part.substr(at, 2) == "==" ? 2 : 1;
    TRY(auto value, unescape_value(part.substr(at + length)));
    terms.push_back({std::string(part.substr(0, at)), equal, std::move(value)});
  }
  return FieldSelector(std::move(terms));
}

bool FieldSelector::matches(const Lookup& lookup) const {
  for (const Term& term : terms_) {
    if ((lookup(term.field).value_or("") == term.value) != term.equal) return false;
  }
  return true;
}

std::optional<std::string_view> FieldSelector::exact(std::string_view field) const {
  for (const Term& term : terms_) {
    if (term.equal && term.field == field) return term.value;
  }
  return std::nullopt;
}

std::string FieldSelector::to_string() const {
  std::string out;
  for (const Term& term : terms_) {
    if (!out.empty()) out += ',';
    out += cat({term.field, term.equal ? "=" : "!=", escape_value(term.value)});
  }
  return out;
}

}  // namespace schema
