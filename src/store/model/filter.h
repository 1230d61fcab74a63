// Which workers a list shows.
#pragma once

#include "muster/queries.h"
#include "muster/worker.h"
#include "store/model/order_index.h"

namespace muster {

/// The filter's statuses as a mask; no statuses means any.
StatusMask StatusesOf(const WorkerFilter& filter);

/// Whether all of the filter's conditions hold.
bool Matches(const WorkerFilter& filter, StatusMask statuses, const Worker& worker);

}  // namespace muster
