#include "store/postgres/writer_session.h"

namespace muster::postgres {
namespace {

// The writer's statements are driven by arrays and go by an index, whatever the statistics say of a table
// that is new; so one plan fits all calls. A server that does not know the setting does without it.
constexpr char kOnePlan[] = "SET plan_cache_mode = force_generic_plan";

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
