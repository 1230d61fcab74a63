// A schema for one test on the server that MUSTER_POSTGRES names (see tools/postgres). It is dropped with
// everything in it when the test is over.
#pragma once

#include <string>
#include <string_view>

#include "absl/time/time.h"
#include "runtime/real_clock.h"
#include "store/postgres/connection.h"
#include "store/postgres/rows.h"

namespace muster::testing {

inline constexpr absl::Duration kPatience = absl::Seconds(30);

/// The value from the environment. Ends the program with a message if there is none.
std::string PostgresUrl();

/// Not thread-safe.
class ScratchSchema {
 public:
  ScratchSchema();
  ScratchSchema(const ScratchSchema&) = delete;
  ScratchSchema& operator=(const ScratchSchema&) = delete;
  /// Connections that still use the schema are ended first.
  ~ScratchSchema();

  /// Connections with this URL find their tables here.
  std::string url() const;
  const std::string& name() const { return name_; }

  /// A new connection. If there is none, the whole program fails, not only the test: then nothing can be
  /// tested.
  postgres::Connection Connect() const;

 private:
  RealClock clock_;
  std::string name_;
};

/// Ends the connection of a server process, as an operator would, and waits until it is gone.
void Terminate(postgres::Connection& by, int backend_pid);

}  // namespace muster::testing
