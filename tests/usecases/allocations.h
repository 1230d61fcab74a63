// How often this thread has allocated: every operator new of the test program is counted.
#pragma once

namespace muster {

int Allocations();

}  // namespace muster
