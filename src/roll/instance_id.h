// Names for processes that bring none of their own.
#pragma once

#include <string>

namespace muster {

/// 128 bits from the kernel's generator as 32 hexadecimal digits: fresh and unguessable. Thread-safe.
std::string NewInstanceId();

}  // namespace muster
