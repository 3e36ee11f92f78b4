// What a deletion is warned about. Defined beside the strategy that it concerns (job.cc).
#pragma once

#include <string>
#include <vector>

#include "api/meta_v1.h"

namespace apiserver {

class Served;

void warn_about_delete(const Served& served, const api::meta_v1::DeleteOptions& options,
                       std::vector<std::string>& warnings);

}  // namespace apiserver
