// Where to connect: a URL taken apart, one target for each host in it, and what Muster adds where the URL
// does not say: only a server that can write, and a dead network noticed within seconds. Pure functions.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "store/postgres/failure.h"

namespace muster::postgres {

/// One server, as libpq's keywords and values.
using Target = std::vector<std::pair<std::string, std::string>>;

/// The targets in the order of the URL; at least one. kRefused if it is no URL of PostgreSQL: its detail
/// names no password.
Reply<std::vector<Target>> TargetsOf(const std::string& url);

}  // namespace muster::postgres
