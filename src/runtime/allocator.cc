// Settings of the allocator of our servers. jemalloc, because the thread that reads a call allocates it, and
// the thread that answers it frees it: in glibc each such free waits for the arena of the other thread.

/// jemalloc reads it before main begins. One arena: what one thread frees is what another thread needs next.
/// Huge pages: with a million workers, a heartbeat nearly always needs a page that was not used for a while.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "narenas:1,thp:always";
}
