// One worker.
#include "muster/commands.h"
#include "muster/queries.h"
#include "usecases/staging.h"

namespace muster {

Result<WorkerView> GetWorker(const PointReads& reads, std::string_view worker_id) {
  return FindWorker(reads, worker_id);
}

Result<WorkerView> GetWorker(const ScanReads& reads, std::string_view worker_id) {
  return FindWorker(reads, worker_id);
}

Result<WorkerView> GetWorker(const WriteTx& tx, std::string_view worker_id) {
  return FindWorker(tx, worker_id);
}

}  // namespace muster
