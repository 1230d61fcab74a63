// The version of this build, from CMake.
#pragma once

namespace muster::daemon {

inline constexpr char kVersion[] = MUSTER_VERSION;

}  // namespace muster::daemon
