#include "apiserver/crd/json_path.h"

#include <algorithm>

#include "base/strings.h"

namespace apiserver::crd {

using schema::Value;

constexpr int kDepthMax = 16;           // of filters in filters
constexpr size_t kStepsMax = 256;       // of one path
constexpr size_t kVisitsMax = 100'000;  // of places in a tree

class JsonPath::Parser {
 public:
  Parser(std::string_view text, int depth) : rest_(text), depth_(depth) {}

  base::Result<JsonPath> parse() {
    JsonPath path;
    if (rest_.starts_with('$')) rest_.remove_prefix(1);
    while (!rest_.empty()) {
      if (path.steps_.size() >= kStepsMax) return wrong("too many steps");
      if (rest_.starts_with("..")) {
        rest_.remove_prefix(rest_.starts_with("..[") ? 2 : 1);
        bool again = !path.steps_.empty() && path.steps_.back().is == Step::Is::Deep;
        if (!again) path.steps_.push_back({.is = Step::Is::Deep});
      } else if (rest_ == ".") {
        break;
      } else if (rest_.starts_with('.')) {
        rest_.remove_prefix(1);
        TRY(auto step, read_name());
        path.steps_.push_back(std::move(step));
      } else if (rest_.starts_with('[')) {
        TRY(auto step, read_brackets());
        path.steps_.push_back(std::move(step));
      } else if (path.steps_.empty()) {
        TRY(auto step, read_name());
        path.steps_.push_back(std::move(step));
      } else {
        return wrong("unexpected text");
      }
    }
    return path;
  }

 private:
  base::Result<Step> read_name() {
    std::string name;
    size_t at = 0;
    for (; at < rest_.size() && rest_[at] != '.' && rest_[at] != '['; ++at) {
      if (rest_[at] == '\\' && at + 1 < rest_.size()) ++at;
      name += rest_[at];
    }
    rest_.remove_prefix(at);
    if (name.empty()) return wrong("a name is missing");
    if (name == "*") return Step{.is = Step::Is::All};
    return Step{.is = Step::Is::Name, .name = std::move(name)};
  }

  base::Result<Step> read_brackets() {
    size_t end = closing();
    if (end == std::string_view::npos) return wrong("unterminated array");
    std::string_view inside = base::trim(rest_.substr(1, end - 1));
    rest_.remove_prefix(end + 1);
    if (inside == "*") return Step{.is = Step::Is::All};
    if (inside.starts_with('?')) return read_filter(inside);
    if (inside.size() >= 2 && (inside.front() == '\'' || inside.front() == '"') && inside.back() == inside.front()) {
      return Step{.is = Step::Is::Name, .name = std::string(inside.substr(1, inside.size() - 2))};
    }
    Step step{.is = inside.find(':') == std::string_view::npos ? Step::Is::Index : Step::Is::Slice};
    std::optional<int64_t>* parts[] = {&step.from, &step.to, &step.step};
    size_t i = 0;
    for (auto piece : base::split(inside, ':')) {
      if (i == 3) return wrong("invalid array index");
      if (!piece.empty()) {
        auto number = base::parse_int(piece);
        if (!number) return wrong("invalid array index");
        *parts[i] = *number;
      }
      ++i;
    }
    if (step.is == Step::Is::Index && !step.from) return wrong("invalid array index");
    return step;
  }

  // The place of the bracket that closes the one at hand, outside of quotes.
  size_t closing() const {
    int open = 0;
    char quote = 0;
    for (size_t i = 0; i < rest_.size(); ++i) {
      char c = rest_[i];
      if (quote != 0) {
        if (c == '\\') ++i;
        if (c == quote) quote = 0;
      } else if (c == '\'' || c == '"') {
        quote = c;
      } else if (c == '[') {
        ++open;
      } else if (c == ']' && --open == 0) {
        return i;
      }
    }
    return std::string_view::npos;
  }

  base::Result<Step> read_filter(std::string_view inside) {
    if (depth_ >= kDepthMax || !inside.starts_with("?(") || !inside.ends_with(')')) return wrong("invalid filter");
    std::string_view condition = base::trim(inside.substr(2, inside.size() - 3));
    Step step{.is = Step::Is::Filter};
    size_t at = condition.size();
    for (std::string_view sign : {"==", "!=", "<=", ">=", "<", ">"}) {
      size_t found = outside_quotes(condition, sign);
      if (found >= at) continue;
      at = found;
      step.name = sign;
    }
    TRY(read_operand(base::trim(condition.substr(0, at)), step.left, step.left_value));
    if (!step.name.empty())
      TRY(read_operand(base::trim(condition.substr(at + step.name.size())), step.right, step.right_value));
    return step;
  }

  static size_t outside_quotes(std::string_view text, std::string_view sign) {
    char quote = 0;
    for (size_t i = 0; i < text.size(); ++i) {
      if (quote != 0) {
        if (text[i] == quote) quote = 0;
      } else if (text[i] == '\'' || text[i] == '"') {
        quote = text[i];
      } else if (text.substr(i).starts_with(sign)) {
        return i;
      }
    }
    return text.size();
  }

  base::Result<void> read_operand(std::string_view text, std::shared_ptr<const JsonPath>& path, Value& literal) {
    if (text.starts_with('@')) {
      TRY(auto below, Parser(text.substr(1), depth_ + 1).parse());
      bool is_deep = std::ranges::find(below.steps_, Step::Is::Deep, &Step::is) != below.steps_.end();
      if (is_deep) return wrong("recursion within a filter");
      path = std::make_shared<const JsonPath>(std::move(below));
      return {};
    }
    if (text.size() >= 2 && text.front() == '\'' && text.back() == '\'') {
      literal = Value(text.substr(1, text.size() - 2));
      return {};
    }
    auto value = Value::parse(text);
    if (!value) return wrong("unrecognized operand");
    literal = std::move(*value);
    return {};
  }

  std::unexpected<base::Error> wrong(std::string_view why) const {
    return base::fail(base::Code::BadRequest, base::cat({why, " in json path"}));
  }

  std::string_view rest_;
  const int depth_;
};

namespace {

std::optional<int> order(const Value& a, const Value& b) {
  if (a.is_number() && b.is_number()) return a.as_double() < b.as_double() ? -1 : a.as_double() > b.as_double() ? 1 : 0;
  if (a.is_string() && b.is_string()) return a.as_string().compare(b.as_string());
  if (a.is_bool() && b.is_bool()) return a.as_bool() - b.as_bool();
  return std::nullopt;
}

bool holds(std::string_view sign, int order) {
  if (sign == "==") return order == 0;
  if (sign == "!=") return order != 0;
  if (sign == "<") return order < 0;
  if (sign == "<=") return order <= 0;
  return sign == ">" ? order > 0 : order >= 0;
}

}  // namespace

base::Result<JsonPath> JsonPath::parse(std::string_view text) {
  return Parser(text, 0).parse();
}

bool JsonPath::passes(const Step& filter, const Value& element) {
  const Value* left = filter.left ? filter.left->first(element) : &filter.left_value;
  if (filter.name.empty()) return left != nullptr;
  const Value* right = filter.right ? filter.right->first(element) : &filter.right_value;
  if (left == nullptr || right == nullptr) return false;
  auto compared = order(*left, *right);
  return compared ? holds(filter.name, *compared) : filter.name == "!=";
}

void JsonPath::walk_array(const std::vector<Step>& steps, size_t at, const Value& value, Walk& so_far) {
  const Step& step = steps[at];
  const auto& elements = value.as_array();
  auto size = static_cast<int64_t>(elements.size());
  if (step.is == Step::Is::Index) {
    int64_t index = *step.from < 0 ? *step.from + size : *step.from;
    if (index >= 0 && index < size) walk(steps, at + 1, elements[static_cast<size_t>(index)], so_far);
    return;
  }
  auto place = [&](std::optional<int64_t> asked, int64_t otherwise) {
    int64_t index = asked.value_or(otherwise);
    return std::clamp<int64_t>(index < 0 ? index + size : index, 0, size);
  };
  int64_t stride = std::max<int64_t>(step.step.value_or(1), 1);
  for (int64_t i = place(step.from, 0); i < place(step.to, size); i += std::min(stride, size)) {
    walk(steps, at + 1, elements[static_cast<size_t>(i)], so_far);
  }
}

void JsonPath::walk(const std::vector<Step>& steps, size_t at, const Value& value, Walk& so_far) {
  if (so_far.left == 0) return;
  --so_far.left;
  if (at == steps.size()) {
    so_far.found.push_back(&value);
    return;
  }
  const Step& step = steps[at];
  switch (step.is) {
    case Step::Is::Name:
      if (const Value* member = value.find(step.name)) walk(steps, at + 1, *member, so_far);
      return;
    case Step::Is::Index:
    case Step::Is::Slice:
      if (value.is_array()) walk_array(steps, at, value, so_far);
      return;
    case Step::Is::Deep:
      walk(steps, at + 1, value, so_far);
      break;
    case Step::Is::All:
    case Step::Is::Filter:
      break;
  }
  auto below = [&](const Value& element) {
    if (step.is == Step::Is::Filter && !passes(step, element)) return;
    walk(steps, step.is == Step::Is::Deep ? at : at + 1, element, so_far);
  };
  if (value.is_array()) {
    for (const Value& element : value.as_array()) below(element);
  } else if (value.is_object()) {
    for (const auto& member : value.as_object()) below(member.value);
  }
}

std::vector<const Value*> JsonPath::find(const Value& root) const {
  Walk walked{{}, kVisitsMax};
  walk(steps_, 0, root, walked);
  return std::move(walked.found);
}

const Value* JsonPath::first(const Value& root) const {
  auto found = find(root);
  return found.empty() ? nullptr : found.front();
}

std::optional<std::vector<std::string>> JsonPath::names() const {
  std::vector<std::string> names;
  for (const auto& step : steps_) {
    if (step.is != Step::Is::Name) return std::nullopt;
    names.push_back(step.name);
  }
  return names;
}

}  // namespace apiserver::crd
