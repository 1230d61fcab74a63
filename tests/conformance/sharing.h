// Several stores on one place, like those of several daemons. Each is driven as a writer drives its own.
//
// Nothing here asserts. The thread of the test looks afterwards at what the other threads did.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "absl/time/time.h"
#include "conformance/subject.h"
#include "muster/commands.h"
#include "store/store.h"

namespace muster::testing {

inline constexpr absl::Duration kTimeout = absl::Seconds(120);
/// The number of times that a writer decides one batch.
inline constexpr int kMaxTries = 5;
inline constexpr int kMaxTimesPutOff = 10'000;

/// The stores of AllStores that several daemons share; none where there is no server for them.
std::vector<StoreKind> SharedStores();

/// The stores, and the moment at which everything happens. Each thread uses one store.
class Sharing {
 public:
  explicit Sharing(const StoreKind& kind, std::size_t stores = 2, const StoreOptions& options = {});

  Store& operator[](std::size_t number) { return *stores_[number]; }
  /// Closes it in an orderly way, like a daemon that is told to stop.
  void Close(std::size_t number) { stores_[number].reset(); }

  const Moment& now() const { return now_; }
  void Advance(absl::Duration by) { now_ = {now_.wall + by, now_.listening + by}; }

 private:
  std::unique_ptr<Place> place_;
  std::vector<std::unique_ptr<Store>> stores_;
  Moment now_ = kBeginning;
};

/// The outcome of a batch.
struct Carried {
  bool committed = false;
  CommitResult result;
  int tries = 0;
  std::vector<std::string> answers;  // a status, or an error in full
};

ProvenState ListeningAt(const Moment& now);

/// Runs the batch, and decides it again as long as another store was faster. Where the transaction of another
/// store holds rows, the batch waits until they are free. `decide(tx)` gives the answers.
template <typename Decide>
Carried CarryOut(Store& store, const Moment& now, const BatchKeys& keys, Decide decide) {
  Carried carried;
  do {
    ++carried.tries;
    WriteTx* tx = &store.BeginBatch(keys);
    for (int times = 0; tx->AnyHeld() && times < kMaxTimesPutOff; ++times) {
      store.Rollback();
      std::this_thread::yield();
      tx = &store.BeginBatch(keys);
    }
    carried.answers = decide(*tx);
    carried.result = store.Commit(ListeningAt(now));
    if (!carried.result.committed()) store.Rollback();
  } while (carried.result.lost_race() && carried.tries < kMaxTries);
  carried.committed = carried.result.committed();
  return carried;
}

struct Beat {
  std::string id;
  std::string instance = {};
  std::optional<std::int32_t> in_use = {};
};

/// A batch of only heartbeats.
Carried BeatAll(Store& store, const Moment& now, const std::vector<Beat>& beats);
/// The answer to a single heartbeat.
std::string BeatOnce(Store& store, const Moment& now, const Beat& beat);

// Batches of one command that is not a heartbeat.
Carried Register(Store& store, const Moment& now, const std::string& id, const std::string& instance,
                 bool replace = false);
Carried Unregister(Store& store, const Moment& now, const std::string& id);
Carried SetStatus(Store& store, const Moment& now, const std::string& id, WorkerStatus status);

/// One tick of a second.
Membership Renew(Store& store, const ListeningReport& own = {}, const Settings& settings = {});

/// Pending workers w0, w1, …, in one transaction, in an order that is not the order of their names.
std::vector<std::string> RegisterMany(Store& store, const Moment& now, std::size_t count);

}  // namespace muster::testing
