// A schema of a test's own on the server that MUSTER_POSTGRES names (see tools/postgres), gone with
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

/// What the environment says; ends the program with a word where it says nothing.
std::string PostgresUrl();

/// Not thread-safe.
class ScratchSchema {
 public:
  ScratchSchema();
  ScratchSchema(const ScratchSchema&) = delete;
  ScratchSchema& operator=(const ScratchSchema&) = delete;
  /// Whoever still uses the schema is disconnected first.
  ~ScratchSchema();

  /// Connections by it find their tables here.
  std::string url() const;
  const std::string& name() const { return name_; }

  /// A new connection. Fails the program, not the test, if there is none: then nothing can be tested.
  postgres::Connection Connect() const;

 private:
  RealClock clock_;
  std::string name_;
};

/// Cuts the connection of a server's process, as an operator would, and waits until it is gone.
void Terminate(postgres::Connection& by, int backend_pid);

}  // namespace muster::testing
