#include "io/task.h"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <typeinfo>

namespace io::detail {

void exception_left_a_task() noexcept {
  try {
    throw;
  } catch (const std::exception& e) {
    fprintf(stderr, "an exception left a task: %s: %s\n", typeid(e).name(), e.what());
  } catch (...) {
    fputs("an exception left a task\n", stderr);
  }
  abort();
}

}  // namespace io::detail
