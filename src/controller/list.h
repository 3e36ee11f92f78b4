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

struct Row {
  std::string_view name;     // as in --controllers
  std::string_view account;  // the service account in kube-system that it acts as; "": it acts as the manager
  std::unique_ptr<Controller> (*make)(Context& context);
};

std::span<const Row> controllers();

// The client of a controller, by the account it acts as.
using ClientFor = std::function<client::Client(std::string_view account)>;

// Runs the controllers that `chosen` names, in upstream's form: "*" for all, "foo" for one more, "-foo" for one less;
// until cancelled. One loop. `reader` follows what they share; each acts with the client that `client_for` gives it.
io::Task<void> run_controllers(client::Client reader, ClientFor client_for, base::Clock& clock, base::Random& random,
                               Options options, std::vector<std::string> chosen = {"*"});

// Whether `chosen` includes `name`. The last word counts: what is named beats "*".
bool is_chosen(const std::vector<std::string>& chosen, std::string_view name);

}  // namespace controller
