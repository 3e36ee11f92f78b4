#include "main/loop_thread.h"

#include <pthread.h>

#include <future>

namespace navarch {

base::Result<std::unique_ptr<LoopThread>> LoopThread::start(std::string name) {
  TRY(auto loop, io::Loop::create());
  std::unique_ptr<LoopThread> made(new LoopThread(std::move(loop)));
  made->thread_ = std::thread([loop = made->loop_.get()] { loop->run(); });
  pthread_setname_np(made->thread_.native_handle(), name.substr(0, 15).c_str());
  return made;
}

LoopThread::~LoopThread() {
  loop_->stop();
  thread_.join();
}

void LoopThread::run(const std::function<void()>& work) {
  std::promise<void> done;
  loop_->post([&] {
    work();
    done.set_value();
  });
  done.get_future().wait();
}

}  // namespace navarch
