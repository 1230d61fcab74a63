// Settings as a log may show them. Pure.
#pragma once

#include <string>
#include <string_view>

namespace muster::daemon {

/// The same with "***" for a password in it: "postgresql://muster:secret@db/muster" ->
/// "postgresql://muster:***@db/muster". What is no URL has none and stays.
std::string WithoutPassword(std::string_view setting);

}  // namespace muster::daemon
