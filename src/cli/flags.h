// Command line flags as Kubernetes' components take them: --name=value, --name value, --switch, --switch=false, -v 2;
// a list flag may come several times or hold commas. An underscore in a name counts as a dash.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace cli {

// What a program or one of its commands can be told. Register, then parse; the targets hold the defaults before.
class Flags {
 public:
  void add(std::string name, std::string* target, std::string help);
  void add(std::string name, bool* target, std::string help);
  void add(std::string name, int64_t* target, std::string help);
  void add(std::string name, std::vector<std::string>* target, std::string help);
  void add(std::string name, std::map<std::string, std::string, std::less<>>* target, std::string help);  // "a=1,b=2"
  void add_duration(std::string name, int64_t* target_ns, std::string help);  // "10s", "1m30s"
  // One letter for a flag that is there: add_short('v', "v").
  void add_short(char letter, std::string name);
  // A flag of upstream's that means nothing here: accepted, so that unit files and manifests keep working, and ignored.
  // A switch takes a value only after '='.
  void add_ignored(std::string name, bool is_switch = false);
  // The same for all of `names` (spaces between; '?' after a switch) that are not there yet.
  void ignore_others(std::string_view names);

  // Returns what is not a flag, in order; all after "--" is that. BadRequest, in upstream's words, for the rest:
  // "unknown flag: --x", "flag needs an argument: --x", `invalid argument "y" for "--x" flag: ...`.
  base::Result<std::vector<std::string>> parse(const std::vector<std::string>& arguments);

  // Before parsing the same line again: lists and maps begin anew.
  void begin_again();

  // The lines for a help text: name, default, meaning. Ignored flags are left out.
  std::string help() const;
  // Every flag with its value as it stands, in order of the names; of ignored ones nothing is known.
  std::vector<std::pair<std::string, std::string>> values() const;
  // Whether it was on the command line.
  bool given(std::string_view name) const;

 private:
  enum class Kind : uint8_t { Text, Switch, Number, List, Map, Duration, Ignored, IgnoredSwitch };
  struct Flag {
    std::string name;
    Kind kind;
    void* target;
    std::string help;
    std::string shown_default;
    char letter = 0;
    bool given = false;
  };
  Flag* find(std::string_view name);
  static base::Result<void> set(Flag& flag, std::string_view value);
  static std::string shown(const Flag& flag);

  std::vector<Flag> flags_;
};

}  // namespace cli
