// The name of this start of the machine.
#pragma once

#include <string>

namespace muster {

/// From /proc/sys/kernel/random/boot_id; empty if it cannot be read. RealClock::MonotonicNow counts from
/// that start, so two of its readings can be compared only if they have the same name.
std::string ReadBootId();

}  // namespace muster
