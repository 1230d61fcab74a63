// Several stores on one place, as several daemons have them, each driven as a writer drives its own.
//
// Nothing here asserts: what a thread did is looked at afterwards, from the test's own.
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
#include "muster/batch_keys.h"
#include "store/store.h"

namespace muster::testing {

inline constexpr absl::Duration kTimeout = absl::Seconds(120);
/// As often as a writer decides one batch.
inline constexpr int kMaxTries = 5;
inline constexpr int kMaxTimesPutOff = 10'000;

/// Those of AllStores that several daemons share; none where there is no server for them.
std::vector<StoreKind> SharedStores();

/// The stores, and the moment at which everything happens. Threads take one store each.
class Sharing {
 public:
  explicit Sharing(const StoreKind& kind, std::size_t stores = 2, const StoreOptions& options = {});

  Store& operator[](std::size_t number) { return *stores_[number]; }
  /// In order, as a daemon that is told to stop.
  void Close(std::size_t number) { stores_[number].reset(); }

  const Moment& now() const { return now_; }
  void Advance(absl::Duration by) { now_ = {now_.wall + by, now_.listening + by}; }

 private:
  std::unique_ptr<Place> place_;
  std::vector<std::unique_ptr<Store>> stores_;
  Moment now_ = kBeginning;
};

/// What became of a batch.
struct Carried {
  bool committed = false;
  CommitResult result;
  int tries = 0;
  std::vector<std::string> answers;  // a status, or an error in full
};

ListeningState ListeningAt(const Moment& now);

/// The batch, decided again while another store was faster. Where rows are held by another store's
/// transaction it is put off until they are not. `decide(tx)` gives the answers.
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

/// A batch of nothing but heartbeats.
Carried BeatAll(Store& store, const Moment& now, const std::vector<Beat>& beats);
/// The one answer to one heartbeat.
std::string BeatOnce(Store& store, const Moment& now, const Beat& beat);

// Batches of one command that is no heartbeat.
Carried Register(Store& store, const Moment& now, const std::string& id, const std::string& instance,
                 bool replace = false);
Carried Unregister(Store& store, const Moment& now, const std::string& id);
Carried SetStatus(Store& store, const Moment& now, const std::string& id, WorkerStatus status);

/// One tick of a second.
Membership Renew(Store& store, const ListeningReport& own = {}, const Settings& settings = {});

/// Pending workers w0, w1, …, in one transaction, in an order that is not that of their names.
std::vector<std::string> RegisterMany(Store& store, const Moment& now, std::size_t count);

}  // namespace muster::testing
