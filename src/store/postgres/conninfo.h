// Where to connect: the parts of a URL, as one target for each host, with what Muster adds where the URL does
// not say: only a server that can write, and a dead network noticed within seconds. Pure functions.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "store/postgres/failure.h"

namespace muster::postgres {

/// One server, as libpq's keywords and values.
using Target = std::vector<std::pair<std::string, std::string>>;

/// The targets in the order of the URL; at least one. kRefused if it is no URL of PostgreSQL; the detail then
/// contains no password.
Reply<std::vector<Target>> TargetsOf(const std::string& url);

}  // namespace muster::postgres
