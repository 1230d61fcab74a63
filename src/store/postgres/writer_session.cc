#include "store/postgres/writer_session.h"

namespace muster::postgres {
namespace {

// The writer's statements start from an array of ids and go by the index, at any size of the table: so one
// plan fits all calls, and it must not be the one that was best while the table was empty. A server that does
// not know these settings does without them.
constexpr char kOnePlan[] =
    "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET enable_hashjoin = off; "
    "SET enable_mergejoin = off";

}  // namespace

std::optional<Failure> WriterSession::Ready() {
  const Reply<Connection*> connection = connecting_.Get(kDialTimeout);
  if (!connection.ok()) {
    connection_ = nullptr;
    return connection.failure();
  }
  connection_ = *connection;
  if (session_ == connecting_.session()) return std::nullopt;
  session_ = connecting_.session();
  cache_.Clear();
  (void)connection_->Execute(kOnePlan, kDialTimeout);
  return std::nullopt;
}

Reply<std::vector<Rows>> WriterSession::Run(const Pipeline& pipeline) const {
  if (connection_ == nullptr || connection_->broken()) {
    Failure lost;
    lost.detail = "the connection was lost";
    return lost;
  }
  return connection_->Run(pipeline, kWriteTimeout);
}

void WriterSession::Abandon() {
  if (connection_ == nullptr || connection_->broken() || !connection_->in_transaction()) return;
  (void)connection_->Run(kRollback, {}, kWriteTimeout);
}

}  // namespace muster::postgres
