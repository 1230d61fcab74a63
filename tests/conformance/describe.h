// Everything that a store can answer, as text. Equal answers have equal text, and a test that fails shows the
// difference.
#pragma once

#include <string>
#include <vector>

#include "muster/event.h"
#include "muster/queries.h"
#include "muster/result.h"
#include "muster/worker.h"
#include "store/store.h"

namespace muster::testing {

std::string Describe(const Worker& worker);
std::string Describe(const WorkerView& view);
std::string Describe(const HeartbeatRecord& heartbeat);
std::string Describe(const Event& event);
std::string Describe(const RegionTotals& totals);
std::string Describe(const RegionHold& hold);
std::string Describe(const RegionSilence& silence);
std::string Describe(const WorkerError& error);

/// One line for each.
template <typename T>
std::string Describe(const std::vector<T>& many) {
  std::string text;
  for (const T& one : many) text += Describe(one) + "\n";
  return text;
}

template <typename T>
std::string Describe(const Result<T>& result) {
  return result.ok() ? Describe(*result) : Describe(result.error());
}

}  // namespace muster::testing
