// A run of load: many connections driven by one thread, until a time is over or the workload is done.
#pragma once

#include "connection.h"
#include "workloads.h"

namespace muster::bench {

struct LoadShape {
  int port = 0;
  int connections = 8;
  int in_flight = 64;  // on each connection; in an open loop, at most
  double rate = 0;     // calls a second over all connections, sent by schedule; 0: a closed loop
  bool honour_retry = false;
  double warmup_seconds = 0.3;
  double seconds = 3;  // 0: until the workload has no more calls
  int server_pid = 0;  // its CPU time is read when measuring begins and ends; 0: not read
};

struct LoadReport {
  Tally tally;
  bool completed = false;  // every call was answered, no connection lost
  double measured_seconds = 0;
  double server_cpu_seconds = 0;  // while measuring
};

double NowSeconds();
/// User and system time of a process, all threads; 0 for the process 0.
double CpuSeconds(int pid);
void AllowManySockets();

LoadReport RunLoad(const LoadShape& shape, Workload& workload);

}  // namespace muster::bench
