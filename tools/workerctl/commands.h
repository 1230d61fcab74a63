// The commands of workerctl. Each adds itself to the grammar; what it does stands in the file of its name.
#pragma once

namespace muster::ctl {

class CommandLine;

void AddRegister(CommandLine& line);
void AddUnregister(CommandLine& line);
void AddHeartbeat(CommandLine& line);
void AddGet(CommandLine& line);
void AddList(CommandLine& line);
void AddHistory(CommandLine& line);
void AddEvents(CommandLine& line);
void AddSetStatus(CommandLine& line);
void AddRunScheduler(CommandLine& line);
void AddSummary(CommandLine& line);
void AddDemo(CommandLine& line);
void AddCompletion(CommandLine& line);

}  // namespace muster::ctl
