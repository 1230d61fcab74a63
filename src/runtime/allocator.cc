// How the allocator of our servers is set up. jemalloc, because a call is allocated by the thread that reads
// it and freed by the one that answers it: glibc makes each such free wait for the arena of the other.

/// Read by jemalloc before main begins. One arena: what one thread frees is the next thing that another
/// needs. Huge pages: of a million workers, each heartbeat finds one whose page nobody touched for a while.
extern "C" {
extern const char* malloc_conf;
const char* malloc_conf = "narenas:1,thp:always";
}
