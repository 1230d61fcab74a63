#include "store/postgres/writer_session.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace muster::postgres {
namespace {

// By index: the statements of the writer start from an array of ids and should use the index for each id, at
// any size of the table. They are planned anew every time, which costs less than a millisecond for a whole
// batch. A kept plan would be made for another array, and for the table as it was when the daemon started. A
// server that does not know these settings works without them.
std::string SessionSettings() {
  return absl::StrCat(
      "SELECT set_config(name, wanted, false) FROM pg_settings JOIN (VALUES ('plan_cache_mode', "
      "'force_custom_plan'),"
      " ('enable_seqscan', 'off'), ('enable_hashjoin', 'off'), ('enable_mergejoin', 'off'), ('lock_timeout', "
      "'",
      kLockTimeout, "')) AS settings (name, wanted) USING (name)");
}

}  // namespace

std::optional<Failure> WriterSession::Ready() {
  const Reply<Connection*> connection = connecting_.Get(kDialTimeout);
  if (!connection.ok()) {
    connection_ = nullptr;
    return connection.error();
  }
  connection_ = *connection;
  if (session_ == connecting_.session()) return std::nullopt;
  session_ = connecting_.session();
  cache_.Clear();
  (void)connection_->Execute(SessionSettings(), kDialTimeout);
  return std::nullopt;
}

Reply<std::vector<Rows>> WriterSession::Run(const Pipeline& pipeline) {
  if (connection_ == nullptr || connection_->broken()) {
    Failure lost;
    lost.detail = "the connection was lost";
    return lost;
  }
  ++round_trips_;
  return connection_->Run(pipeline, kWriteTimeout);
}

void WriterSession::Abandon() {
  if (connection_ == nullptr || connection_->broken() || !connection_->in_transaction()) return;
  (void)connection_->Run(kRollback, {}, kWriteTimeout);
}

}  // namespace muster::postgres
