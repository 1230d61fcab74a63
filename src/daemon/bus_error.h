// SQLite keeps the index of its log in a file that is mapped into memory (-shm). Where that file is cut off
// from outside, the kernel ends a process that touches it, with SIGBUS and without a word. This says the
// word.
#pragma once

#include <string>

namespace muster::daemon {

/// From now on a SIGBUS for memory whose file was cut off writes a line that names `store`, and ends the
/// process with kExitDisk. What was answered with OK is in the log; the next start makes the index anew. Call
/// it once, before other threads start.
void SayBusErrors(const std::string& store);

}  // namespace muster::daemon
