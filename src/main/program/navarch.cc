// navarch: every command and what it runs.
#include <signal.h>
#include <sys/prctl.h>

#include <cstdio>
#include <string>
#include <vector>

#include "main/commands.h"

namespace {

constexpr const char* kHelp = R"(navarch: Kubernetes in one small program.

  navarch up         start a one-node cluster on this machine; typed again, show where it is
  navarch down       stop it; --purge also removes everything it left on the machine
  navarch version    what this is

Parts, each alone, with the flags, ports and configuration files of upstream's:

  navarch apiserver            the API, and the store behind it
  navarch controller-manager   makes what is asked for so
  navarch scheduler            gives pods their nodes
  navarch kubelet              runs the pods of this node
  navarch proxy                makes services work on this node

navarch COMMAND --help tells what a command can be told.
)";

int fail_unknown(const std::string& command) {
  fprintf(stderr, "navarch: unknown command \"%s\"\n\n%s", command.c_str(), kHelp);
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  signal(SIGPIPE, SIG_IGN);
  prctl(PR_SET_DUMPABLE, 0);  // keys and tokens in memory stay there: no core dumps, no debuggers of other users
  std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.empty() || arguments[0] == "help" || arguments[0] == "-h" || arguments[0] == "--help") {
    fputs(kHelp, stdout);
    return 0;
  }
  std::string command = arguments[0];
  arguments.erase(arguments.begin());
  for (const auto& entry : navarch::commands()) {
    if (entry.name == command) return entry.run(arguments);
  }
  if (command == "--version") return navarch::run_version({});
  return fail_unknown(command);
}
