// All controllers there are: add one here and in its own folder.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "controller/controller.h"

namespace controller {

enum class Starts : uint8_t { WithAll, WhenNamed };

struct Row {
  std::string_view name;     // as in --controllers
  std::string_view former;   // what it was called there before, and may still be; "": nothing
  std::string_view account;  // the service account in kube-system that it acts as; "": it acts as the manager
  std::unique_ptr<Controller> (*make)(Context& context);
  Starts starts = Starts::WithAll;  // whether "*" means it too

  bool is_called(std::string_view word) const;
};

std::span<const Row> controllers();

// The client of a controller, by the account it acts as.
using ClientFor = std::function<client::Client(std::string_view account)>;

// Runs the controllers that `chosen` names, in upstream's form: "*" for all that start so, "foo" for one more, "-foo"
// for one less; until cancelled. One loop. `reader` follows what they share; each acts with the client that
// `client_for` gives it.
io::Task<void> run_controllers(client::Client reader, ClientFor client_for, base::Clock& clock, base::Random& random,
                               Options options, std::vector<std::string> chosen = {"*"});

// Whether `chosen` includes `row`. The first word that names it counts, and counts more than "*".
bool is_chosen(const std::vector<std::string>& chosen, const Row& row);

}  // namespace controller
