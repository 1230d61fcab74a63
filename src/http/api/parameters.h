// Reads the query of a target: "?status=Active&pageSize=10".
//
// Like ObjectReader: a wrong value is an InvalidArgument that names the parameter. The names were already
// checked against those that the route knows (api.cc).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "domain/validation.h"
#include "http/message.h"
#include "muster/queries.h"

namespace muster::http {

/// Not thread-safe. The fields must outlive it.
class Parameters {
 public:
  explicit Parameters(const Fields& fields) : fields_(fields) {}

  /// Empty if it is missing; wrong if it occurs twice.
  std::string Text(std::string_view name);
  std::int64_t Int64(std::string_view name);
  bool Flag(std::string_view name);
  /// pageSize and pageToken.
  PageRequest Page();
  /// May occur any number of times, each with several values, separated by commas.
  std::vector<WorkerStatus> Statuses(std::string_view name);
  /// "metadata.zone=a" or "metadata=zone=a". Each may occur any number of times.
  Metadata Entries(std::string_view name);
  /// "view=heartbeats" or "view=basic".
  bool WantsHeartbeats();

  /// The first wrong parameter.
  const FieldError& Wrong() const { return wrong_; }

 private:
  const std::string* Find(std::string_view name);
  void Complain(std::string_view name, std::string reason);

  const Fields& fields_;
  FieldError wrong_;
};

}  // namespace muster::http
