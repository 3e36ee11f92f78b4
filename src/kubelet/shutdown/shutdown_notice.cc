#include "kubelet/shutdown/shutdown_notice.h"

#include <csignal>

#include "io/http.h"
#include "io/process.h"

namespace kubelet {
namespace {

class CommandNotice final : public ShutdownNotice {
 public:
  explicit CommandNotice(std::vector<std::string> command) : command_(std::move(command)) {}

  base::Result<void> hold() override {
    release();
    TRY(process_,
        io::Process::spawn(
            {.argv = command_, .input = {}, .output = io::ChildEnd::pipe(), .error = {}, .dies_with_parent = true}));
    output_ = process_->take_output();
    return {};
  }

  io::Task<base::Result<bool>> next() override {
    for (;;) {
      while (text_.contains('\n')) {
        std::string line = text_.substr(0, text_.find('\n'));
        text_.erase(0, line.size() + 1);
        // The signal's only argument, as busctl prints a message.
        if (line.contains("BOOLEAN true")) co_return true;
        if (line.contains("BOOLEAN false")) co_return false;
      }
      if (output_ == nullptr) co_return base::fail(base::Code::Closed, "nobody listens for a shutdown");
      CO_TRY(auto piece, co_await output_->read());
      if (piece.empty()) co_return base::fail(base::Code::Closed, "the command that listens for a shutdown has ended");
      text_ += piece;
    }
  }

  void release() override {
    output_.reset();
    process_.reset();
    text_.clear();
  }

 private:
  const std::vector<std::string> command_;
  std::unique_ptr<io::Process> process_;
  std::unique_ptr<io::Stream> output_;
  std::string text_;  // printed, and not looked at yet
};

}  // namespace

std::vector<std::string> logind_command() {
  return {"systemd-inhibit",
          "--what=shutdown",
          "--mode=delay",
          "--who=kubelet",
          "--why=Kubelet needs time to handle node shutdown",
          "busctl",
          "--system",
          "monitor",
          "--match=type='signal',sender='org.freedesktop.login1',interface='org.freedesktop.login1.Manager',"
          "member='PrepareForShutdown'"};
}

std::unique_ptr<ShutdownNotice> make_command_notice(std::vector<std::string> command) {
  return std::make_unique<CommandNotice>(std::move(command));
}

}  // namespace kubelet
