// A pod's row: the one that people read most. Private to this folder.
#pragma once

#include "apiserver/table/cells.h"

namespace apiserver::table {

void print_pod(const schema::Object& object, Cells& cells, std::vector<api::meta_v1::TableRowCondition>& conditions);

}  // namespace apiserver::table
