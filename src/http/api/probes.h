// What answers whether there is a roll or not: is the daemon alive, is it ready, and what does it speak.
#pragma once

#include "http/api/call.h"
#include "http/api/routes.h"

namespace muster::http {

/// 200 for as long as the process answers: restart it if it does not.
void AnswerAlive(Call call, const ServerInfo& server_info);
/// 200 while commands are let in and the store can be written; else 503, saying why: send traffic elsewhere.
void AnswerReady(Call call, const ServerInfo& server_info);
/// The description of this interface.
void AnswerOpenApi(Call call, const ServerInfo& server_info);

}  // namespace muster::http
