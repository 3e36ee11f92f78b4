// The functions behind subresources and unstored resources, by what they are.
#pragma once

#include "apiserver/subresource/handler.h"

namespace apiserver {

using HandlerTask = io::Task<base::Result<Answer>>;

HandlerTask handle_binding(Desk desk, Call& call, const Served& served);
HandlerTask handle_eviction(Desk desk, Call& call, const Served& served);
HandlerTask handle_token(Desk desk, Call& call, const Served& served);
HandlerTask handle_component_statuses(Desk desk, Call& call, const Served& served);
HandlerTask handle_scale(Desk desk, Call& call, const Served& served);
HandlerTask handle_self_subject_review(Desk desk, Call& call, const Served& served);
HandlerTask handle_token_review(Desk desk, Call& call, const Served& served);
HandlerTask handle_access_review(Desk desk, Call& call, const Served& served);
HandlerTask handle_rules_review(Desk desk, Call& call, const Served& served);

// "Success", 201: what is answered to what was done but is no object.
Answer created_answer();

}  // namespace apiserver
