#include "cli/flags.h"

#include <algorithm>

#include "base/strings.h"
#include "base/time.h"

namespace cli {
namespace {

std::string normalized(std::string_view name) {
  std::string text(name);
  std::replace(text.begin(), text.end(), '_', '-');
  return text;
}

base::Error invalid(std::string_view value, std::string_view name, std::string_view why) {
  return base::Error(base::Code::BadRequest,
                     base::cat({"invalid argument ", base::quote(value), " for \"--", name, "\" flag: ", why}));
}

}  // namespace

void Flags::add(std::string name, std::string* target, std::string help) {
  flags_.push_back({std::move(name), Kind::Text, target, std::move(help), target->empty() ? "" : base::quote(*target)});
}
void Flags::add(std::string name, bool* target, std::string help) {
  flags_.push_back({std::move(name), Kind::Switch, target, std::move(help), *target ? "true" : ""});
}
void Flags::add(std::string name, int64_t* target, std::string help) {
  flags_.push_back({std::move(name), Kind::Number, target, std::move(help), std::to_string(*target)});
}
void Flags::add(std::string name, std::vector<std::string>* target, std::string help) {
  flags_.push_back({std::move(name), Kind::List, target, std::move(help), base::join(*target, ",")});
}
void Flags::add_duration(std::string name, int64_t* target_ns, std::string help) {
  flags_.push_back({std::move(name), Kind::Duration, target_ns, std::move(help), base::format_duration(*target_ns)});
}
void Flags::add(std::string name, std::map<std::string, std::string, std::less<>>* target, std::string help) {
  flags_.push_back({std::move(name), Kind::Map, target, std::move(help), ""});
}
void Flags::add_ignored(std::string name, bool is_switch) {
  flags_.push_back({std::move(name), is_switch ? Kind::IgnoredSwitch : Kind::Ignored, nullptr, "", ""});
}
void Flags::ignore_others(std::string_view names) {
  for (auto name : base::split(names, ' ')) {
    bool is_switch = name.ends_with('?');
    if (is_switch) name.remove_suffix(1);
    if (!name.empty() && find(name) == nullptr) add_ignored(std::string(name), is_switch);
  }
}
void Flags::add_short(char letter, std::string name) {
  if (Flag* flag = find(name)) flag->letter = letter;
}

Flags::Flag* Flags::find(std::string_view name) {
  auto found = std::find_if(flags_.begin(), flags_.end(), [&](const Flag& flag) { return flag.name == name; });
  return found == flags_.end() ? nullptr : &*found;
}

void Flags::begin_again() {
  for (Flag& flag : flags_) flag.given = false;
}

std::string Flags::shown(const Flag& flag) {
  switch (flag.kind) {
    case Kind::Text:
      return *static_cast<const std::string*>(flag.target);
    case Kind::Switch:
      return *static_cast<const bool*>(flag.target) ? "true" : "false";
    case Kind::Number:
      return std::to_string(*static_cast<const int64_t*>(flag.target));
    case Kind::Duration:
      return base::format_duration(*static_cast<const int64_t*>(flag.target));
    case Kind::List:
      return base::cat({"[", base::join(*static_cast<const std::vector<std::string>*>(flag.target), ","), "]"});
    case Kind::Map: {
      std::string text;
      for (const auto& [key, value] : *static_cast<const std::map<std::string, std::string, std::less<>>*>(flag.target))
        text += base::cat({text.empty() ? "" : ",", key, "=", value});
      return text;
    }
    default:
      return "";
  }
}

std::vector<std::pair<std::string, std::string>> Flags::values() const {
  std::vector<std::pair<std::string, std::string>> values;
  for (const Flag& flag : flags_) {
    if (flag.target != nullptr) values.emplace_back(flag.name, shown(flag));
  }
  std::sort(values.begin(), values.end());
  return values;
}

bool Flags::given(std::string_view name) const {
  return std::any_of(flags_.begin(), flags_.end(), [&](const Flag& flag) { return flag.name == name && flag.given; });
}

base::Result<std::vector<std::string>> Flags::parse(const std::vector<std::string>& arguments) {
  std::vector<std::string> rest;
  for (size_t i = 0; i < arguments.size(); ++i) {
    std::string_view argument = arguments[i];
    if (argument == "--") {
      rest.insert(rest.end(), arguments.begin() + static_cast<ptrdiff_t>(i) + 1, arguments.end());
      break;
    }
    if (argument.size() < 2 || argument[0] != '-') {
      rest.emplace_back(argument);
      continue;
    }
    auto equals = argument.find('=');
    bool has_value = equals != std::string_view::npos;
    std::string_view value = has_value ? argument.substr(equals + 1) : std::string_view();
    std::string_view shown = argument.substr(0, equals);
    Flag* flag = nullptr;
    if (argument[1] == '-') {
      flag = find(normalized(shown.substr(2)));
      if (flag == nullptr) return base::fail(base::Code::BadRequest, base::cat({"unknown flag: ", shown}));
    } else {
      auto found = std::find_if(flags_.begin(), flags_.end(), [&](const Flag& f) { return f.letter == argument[1]; });
      if (found == flags_.end()) {
        return base::fail(
            base::Code::BadRequest,
            base::cat({"unknown shorthand flag: ", base::quote(argument.substr(1, 1)), " in ", argument}));
      }
      flag = &*found;
      if (!has_value && argument.size() > 2) {  // -v2
        value = argument.substr(2);
        has_value = true;
      }
    }
    if (!has_value) {
      if (flag->kind == Kind::Switch || flag->kind == Kind::IgnoredSwitch) {
        value = "true";
      } else if (i + 1 < arguments.size()) {
        value = arguments[++i];
      } else {
        return base::fail(base::Code::BadRequest, base::cat({"flag needs an argument: ", shown}));
      }
    }
    TRY(set(*flag, value));
  }
  return rest;
}

base::Result<void> Flags::set(Flag& flag, std::string_view value) {
  auto parse_switch = [&]() -> base::Result<bool> {
    for (std::string_view yes : {"true", "1", "t", "T", "TRUE", "True"})
      if (value == yes) return true;
    for (std::string_view no : {"false", "0", "f", "F", "FALSE", "False"})
      if (value == no) return false;
    return base::fail(
        invalid(value, flag.name, base::cat({"strconv.ParseBool: parsing ", base::quote(value), ": invalid syntax"})));
  };
  switch (flag.kind) {
    case Kind::Text:
      *static_cast<std::string*>(flag.target) = value;
      break;
    case Kind::Switch: {
      TRY(*static_cast<bool*>(flag.target), parse_switch());
      break;
    }
    case Kind::IgnoredSwitch: {
      TRY(bool meant, parse_switch());
      static_cast<void>(meant);
      break;
    }
    case Kind::Number: {
      auto number = base::parse_int(value);
      if (!number) {
        return base::fail(invalid(value, flag.name,
                                  base::cat({"strconv.ParseInt: parsing ", base::quote(value), ": invalid syntax"})));
      }
      *static_cast<int64_t*>(flag.target) = *number;
      break;
    }
    case Kind::List: {
      auto& target = *static_cast<std::vector<std::string>*>(flag.target);
      if (!flag.given) target.clear();  // the first one given replaces the default
      for (auto piece : base::split(value, ',')) {
        if (!piece.empty()) target.emplace_back(piece);
      }
      break;
    }
    case Kind::Map: {
      auto& target = *static_cast<std::map<std::string, std::string, std::less<>>*>(flag.target);
      if (!flag.given) target.clear();
      for (auto piece : base::split(value, ',')) {
        if (piece.empty()) continue;
        auto equals = piece.find('=');
        if (equals == std::string_view::npos)
          return base::fail(invalid(value, flag.name, base::cat({"malformed pair, expect string=string"})));
        target[std::string(base::trim(piece.substr(0, equals)))] = base::trim(piece.substr(equals + 1));
      }
      break;
    }
    case Kind::Duration: {
      auto span = base::parse_duration(value);
      if (!span) return base::fail(invalid(value, flag.name, span.error().message()));
      *static_cast<int64_t*>(flag.target) = *span;
      break;
    }
    case Kind::Ignored:
      break;
  }
  flag.given = true;
  return {};
}

std::string Flags::help() const {
  std::string out;
  for (const Flag& flag : flags_) {
    if (flag.kind == Kind::Ignored || flag.kind == Kind::IgnoredSwitch) continue;
    std::string head = flag.letter ? base::cat({"  -", std::string_view(&flag.letter, 1), ", --", flag.name})
                                   : base::cat({"      --", flag.name});
    switch (flag.kind) {
      case Kind::Text:
        head += " string";
        break;
      case Kind::Number:
        head += " int";
        break;
      case Kind::List:
        head += " strings";
        break;
      case Kind::Map:
        head += " mapStringString";
        break;
      case Kind::Duration:
        head += " duration";
        break;
      default:
        break;
    }
    head.resize(std::max<size_t>(head.size() + 2, 42), ' ');
    out += head + flag.help;
    if (!flag.shown_default.empty()) out += base::cat({" (default ", flag.shown_default, ")"});
    out += '\n';
  }
  return out;
}

}  // namespace cli
