// The query of a target, taken apart: "?status=Active&pageSize=10".
//
// Like ObjectReader: a wrong value is an InvalidArgument that names the parameter. Which names a route knows
// is looked at before (routes.h).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "domain/validation.h"
#include "http/message.h"
#include "muster/queries.h"

namespace muster::http {

/// Not thread-safe; the fields must outlive it.
class Parameters {
 public:
  explicit Parameters(const Fields& fields) : fields_(fields) {}

  /// Empty if it is not there; wrong if it is there twice.
  std::string Text(std::string_view name);
  std::int64_t Int64(std::string_view name);
  bool Flag(std::string_view name);
  /// pageSize and pageToken.
  PageRequest Page();
  /// As often as it likes, and each with several, separated by commas.
  std::vector<WorkerStatus> Statuses(std::string_view name);
  /// "metadata.zone=a", or "metadata=zone=a"; each as often as it likes.
  Metadata Entries(std::string_view name);
  /// "view=heartbeats" or "view=basic".
  bool WantsHeartbeats();

  /// The first thing that is wrong.
  const FieldError& Wrong() const { return wrong_; }

 private:
  const std::string* Find(std::string_view name);
  void Complain(std::string_view name, std::string reason);

  const Fields& fields_;
  FieldError wrong_;
};

}  // namespace muster::http
