// workerctl register
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "workerctl/arguments.h"
#include "workerctl/command_line.h"
#include "workerctl/listing.h"
#include "workerctl/registration_file.h"
#include "workerctl/wording.h"

namespace muster::ctl {
namespace {

struct RegisterOptions {
  std::string id;
  std::string region;
  std::int32_t capacity = 0;
  std::vector<std::string> capabilities;
  std::vector<std::string> metadata;
  std::string instance_id;
  bool replace = false;
  std::string file;
};

std::string ReadAll(Session& session, const std::string& path) {
  if (path == "-") return std::string(std::istreambuf_iterator<char>(session.surroundings().in), {});
  std::ifstream file(path, std::ios::binary);
  const std::string text(std::istreambuf_iterator<char>(file), {});
  if (!file) throw CLI::ValidationError(absl::StrCat("cannot read ", path));
  return text;
}

std::vector<v1::RegisterWorkerRequest> RequestsOf(Session& session, const RegisterOptions& options) {
  if (!options.file.empty()) {
    auto requests =
        ReadRegistrations(ReadAll(session, options.file), options.file == "-" ? "the input" : options.file);
    if (options.replace) {
      for (auto& request : requests) request.set_replace(true);
    }
    return requests;
  }
  v1::RegisterWorkerRequest request;
  request.set_worker_id(options.id);
  request.set_region(options.region);
  request.set_capacity(options.capacity);
  for (const std::string& capability : options.capabilities) request.add_capabilities(capability);
  for (const auto& [key, value] : ParseMetadata(options.metadata)) (*request.mutable_metadata())[key] = value;
  request.set_instance_id(options.instance_id);
  request.set_replace(options.replace);
  return {request};
}

std::string Sentence(const v1::Worker& worker) {
  return absl::StrCat(worker.id(), " registered: ", StatusName(worker.status()),
                      worker.status() == v1::WORKER_STATUS_PENDING ? " until its first heartbeat" : "",
                      ", instance ", worker.instance_id(), ", revision ", worker.revision());
}

int Register(Session& session, const RegisterOptions& options) {
  WorkerAnswers answers(session, !options.file.empty());
  int exit_code = kOk;
  for (const auto& request : RequestsOf(session, options)) {
    v1::RegisterWorkerResponse response;
    const grpc::Status status =
        session.connection().Call(&v1::WorkerCommands::Stub::RegisterWorker, request, response);
    if (status.ok()) {
      answers.Add(response.worker(), Sentence(response.worker()));
    } else {
      exit_code =
          session.Fail(status, session.AttemptOf("register", request.worker_id(), !options.file.empty()));
      if (exit_code == kUnreachable) return exit_code;
    }
  }
  answers.End();
  return exit_code;
}

void Check(const CLI::App& command, const RegisterOptions& options) {
  if (options.file.empty()) {
    for (const char* name : {"ID", "--region", "--capacity"}) {
      if (command.get_option(name)->count() == 0)
        throw CLI::ValidationError(absl::StrCat(name, " is required (or --file)"));
    }
    ParseMetadata(options.metadata);
    return;
  }
  for (const char* name : {"ID", "--region", "--capacity", "--capability", "--metadata", "--instance-id"}) {
    if (command.get_option(name)->count() > 0)
      throw CLI::ValidationError(absl::StrCat(name, " does not go with --file"));
  }
}

}  // namespace

void AddRegister(CommandLine& line) {
  auto options = std::make_shared<RegisterOptions>();
  CLI::App& command = line.Add(
      "register", "Put a worker on the roll",
      "workerctl register worker-1 --region eu-west-1 --capacity 4 --capability gpu --metadata rack=r7\n"
      "workerctl register worker-1 --region eu-west-1 --capacity 4 --instance-id boot-2 --replace\n"
      "workerctl register -f fleet.yaml\n"
      "echo '{\"id\": \"worker-1\", \"region\": \"us-east-1\", \"capacity\": 10}' | workerctl register -f -",
      "Repeating a registration with the same --instance-id and configuration is safe: the worker stays as "
      "it is.\n"
      "A file holds one worker or a list of them, in JSON or YAML: id, region, capacity, capabilities, "
      "metadata,\n"
      "instanceId, replace. The output of workerctl list -o json is such a file.");
  command.add_option("ID", options->id, "Letters, digits and . _ : @ -, at most 128 bytes");
  command.add_option("--region", options->region, "Where it runs")->type_name("NAME");
  command.add_option("--capacity", options->capacity, "How many units of work it can do at once")
      ->type_name("N");
  command.add_option("--capability", options->capabilities, "Something it can do (repeatable)")
      ->type_name("NAME")
      ->allow_extra_args(false);
  command.add_option("--metadata", options->metadata, "Something to know of it (repeatable)")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false);
  command
      .add_option("--instance-id", options->instance_id,
                  "Names the process; the daemon makes one up if it is not given")
      ->type_name("ID");
  command.add_flag("--replace", options->replace,
                   "Take the id over if it is on the roll: the old process is shut out");
  CLI::Option* file =
      command.add_option("-f,--file", options->file, "Register what is in the file; - reads the input")
          ->type_name("FILE");
  line.TakesFile(file);
  line.OnRun(
      command, [options](Session& session) { return Register(session, *options); },
      [&command, options] { Check(command, *options); });
}

}  // namespace muster::ctl
