// The commands of the program: a function and a line in commands.cc each.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace navarch {

using Arguments = std::vector<std::string>;

struct Command {
  std::string_view name;
  int (*run)(const Arguments& arguments);  // the process' exit status: 0, 1 after a failure, 2 for wrong usage
};
std::span<const Command> commands();

int run_up(const Arguments& arguments);
int run_down(const Arguments& arguments);
int run_apiserver(const Arguments& arguments);
int run_controller_manager(const Arguments& arguments);
int run_scheduler(const Arguments& arguments);
int run_kubelet(const Arguments& arguments);
int run_proxy(const Arguments& arguments);
int run_version(const Arguments& arguments);

}  // namespace navarch
