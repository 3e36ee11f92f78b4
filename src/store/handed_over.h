// A task that runs on another loop: its frame lives and dies there, its caller waits for the result here.
#pragma once

#include <memory>
#include <optional>
#include <utility>

#include "base/result.h"
#include "io/task.h"
#include "store/ticket.h"

namespace store {

// Made by the caller, on its loop. On the other loop somebody spawns run(), or says drop().
template <class T>
class HandedOver {
 public:
  explicit HandedOver(io::Task<base::Result<T>> task) : task_(std::move(task)) {}

  static io::Task<void> run(std::shared_ptr<HandedOver> call) {
    struct Return {
      std::shared_ptr<HandedOver> call;
      explicit Return(std::shared_ptr<HandedOver> call) : call(std::move(call)) {}
      Return(const Return&) = delete;
      ~Return() { call->drop(); }
    } on_end(call);
    auto task = std::move(call->task_);
    call->result_.emplace(co_await std::move(task));
  }
  // The caller goes on, without a result if there is none yet.
  void drop() {
    Wakeups wakeups;
    wakeups.add(ticket_);
    wakeups.send();
  }
  // Nothing when the task was dropped, or cancelled.
  static io::Task<std::optional<base::Result<T>>> result(std::shared_ptr<HandedOver> call) {
    auto settled = co_await Ticket::wait(call->ticket_);
    if (!settled) co_return std::nullopt;
    co_return std::move(call->result_);
  }

 private:
  io::Task<base::Result<T>> task_;
  std::optional<base::Result<T>> result_;
  TicketRef ticket_ = std::make_shared<Ticket>();
};

}  // namespace store
