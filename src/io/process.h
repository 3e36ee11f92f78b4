// Child processes, without blocking a thread. One loop.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "io/http.h"
#include "io/loop.h"
#include "io/task.h"

namespace io {

// What a child's standard descriptor is.
struct ChildEnd {
  enum class Kind { Null, Inherit, Pipe, File, Descriptor };
  Kind kind = Kind::Null;
  std::string path;     // File: read for stdin, appended to for stdout and stderr
  int descriptor = -1;  // Descriptor: borrowed until spawn() returns

  static ChildEnd null() { return {}; }
  static ChildEnd inherit() { return {.kind = Kind::Inherit}; }
  static ChildEnd pipe() { return {.kind = Kind::Pipe}; }
  static ChildEnd file(std::string path) { return {.kind = Kind::File, .path = std::move(path)}; }
  static ChildEnd from(int descriptor) { return {.kind = Kind::Descriptor, .descriptor = descriptor}; }
};

struct ProcessOptions {
  std::vector<std::string> argv;                        // argv[0] is looked up in our PATH unless it has a slash
  std::optional<std::vector<std::string>> environment;  // "NAME=value"; none: ours
  std::string directory;                                // "": ours
  ChildEnd input, output, error;
  bool own_group = true;          // leads a process group, which kill() then reaches as a whole
  bool dies_with_parent = false;  // killed when we die (PR_SET_PDEATHSIG; the spawning thread counts as "we")
};

struct ExitStatus {
  int code = -1;   // if it exited
  int signal = 0;  // if a signal ended it
  bool ok() const { return code == 0; }
  std::string text() const;  // "exit status 1", "signal: killed", as Go's
};

class Process {
 public:
  // Starts the child. NotFound, Forbidden... as exec would say. It has default signal handling and only the descriptors
  // 0 to 2.
  static base::Result<std::unique_ptr<Process>> spawn(ProcessOptions options);
  // A child that still runs is killed (its group too) and reaped.
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  int pid() const { return pid_; }
  // Waits for the end; afterwards returns at once. Any number may wait.
  Task<ExitStatus> wait();
  bool has_ended() const;
  // Sends a signal to the group (or the process, without own_group). Nothing once it has ended.
  void kill(int signal);

  // The pipes asked for, null otherwise or once taken.
  std::unique_ptr<Stream> take_input();
  std::unique_ptr<Stream> take_output();
  std::unique_ptr<Stream> take_error();

 private:
  struct State;
  explicit Process(std::unique_ptr<State> state);
  int pid_ = -1;
  std::unique_ptr<State> state_;
};

// Runs a command to its end and collects what it says. The output beyond `output_max` bytes (each) is read and dropped.
struct CommandResult {
  ExitStatus status;
  std::string output;
  std::string error;
};
struct CommandOptions {
  std::vector<std::string> argv;
  std::optional<std::vector<std::string>> environment;
  std::string directory;
  base::Bytes input;
  size_t output_max = 1024 * 1024;
};
// Cancelling the task kills the command. Bound it with with_timeout().
Task<base::Result<CommandResult>> run_command(CommandOptions options);

}  // namespace io
