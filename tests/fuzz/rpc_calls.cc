// Requests of gRPC through the services into a roll: the conversion, the use cases, the writer, the store in
// memory.
#include <google/protobuf/message.h>
#include <google/protobuf/stubs/logging.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "direct_call.h"
#include "domain/text.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "message_mutator.h"
#include "muster/check.h"
#include "registry/gate.h"
#include "roll.h"
#include "rpc/commands.h"
#include "rpc/heartbeat_wire.h"
#include "rpc/queries.h"
#include "rpc_records.h"

namespace muster::fuzz {
namespace {

using google::protobuf::Message;
using Context = grpc::CallbackServerContext;
using Bytes = grpc::ByteBuffer;

struct Services {
  rpc::CommandsService commands;
  rpc::QueriesService queries;
};

struct Method {
  grpc::ServerUnaryReactor* (*begin)(Services& services, Context*, const Bytes*, Bytes*);
  const Message& request;
  const Message& reply;
};

#define MUSTER_METHOD(service, type, name)                                                      \
  {                                                                                             \
    [](Services& services, Context* context, const Bytes* request, Bytes* reply) {              \
      return static_cast<rpc::internal::type&>(services.service).name(context, request, reply); \
    },                                                                                          \
        v1::name##Request::default_instance(), v1::name##Response::default_instance()           \
  }

/// The kinds of records, from 0. After them: kStream, kPass.
const std::vector<Method>& Methods() {
  static const auto& methods = *new std::vector<Method>{
      MUSTER_METHOD(commands, RawCommands, RegisterWorker),
      MUSTER_METHOD(commands, RawCommands, UnregisterWorker),
      MUSTER_METHOD(commands, RawCommands, Heartbeat),
      MUSTER_METHOD(commands, RawCommands, BatchHeartbeat),
      MUSTER_METHOD(commands, RawCommands, UpdateWorkerStatus),
      MUSTER_METHOD(commands, RawCommands, RunScheduler),
      MUSTER_METHOD(queries, RawQueries, GetWorker),
      MUSTER_METHOD(queries, RawQueries, ListWorkers),
      MUSTER_METHOD(queries, RawQueries, GetLastHeartbeat),
      MUSTER_METHOD(queries, RawQueries, ListHeartbeats),
      MUSTER_METHOD(queries, RawQueries, GetFleetSummary),
      MUSTER_METHOD(queries, RawQueries, ListEvents),
  };
  return methods;
}
constexpr std::size_t kFirstQuery = 6;
constexpr std::size_t kStream = 12;  // a message of StreamHeartbeats
constexpr std::size_t kPass =
    13;  // so many seconds pass as the record has bytes, at most kMostSeconds in all
constexpr std::size_t kKinds = 14;
constexpr std::size_t kMostSeconds = 150;
constexpr std::size_t kMostRecords = 60;

constexpr std::uint8_t kHold = 0x40;
constexpr std::uint8_t kTwoPieces = 0x80;
std::size_t KindOf(const Record& record) {
  return (record.kind & 0x3FU) % kKinds;
}
int PiecesOf(const Record& record) {
  return (record.kind & kTwoPieces) != 0 ? 2 : 1;
}

void CheckError(const grpc::Status& status) {
  switch (status.error_code()) {
    case grpc::INVALID_ARGUMENT:
    case grpc::NOT_FOUND:
    case grpc::ALREADY_EXISTS:
    case grpc::ABORTED:
    case grpc::FAILED_PRECONDITION:
    case grpc::RESOURCE_EXHAUSTED:
      break;
    default:
      MUSTER_CHECK(false, "an error has one of the codes that the contract names");
  }
  google::rpc::Status details;
  MUSTER_CHECK(details.ParseFromString(status.error_details()), "an error has details");
  MUSTER_CHECK(details.code() == status.error_code(), "the details have the code of the call");
  MUSTER_CHECK(IsUtf8(status.error_message()) && !status.error_message().empty(),
               "an error says what is wrong");
  google::rpc::ErrorInfo info;
  MUSTER_CHECK(details.details_size() > 0 && details.details(0).UnpackTo(&info), "an error has an ErrorInfo");
  MUSTER_CHECK(info.domain() == "muster" && !info.reason().empty(), "an error has a reason");
}

/// The value of a text field; nothing if the message has no such field.
std::string TextOf(const Message& message, const char* name) {
  const auto* field = message.GetDescriptor()->FindFieldByName(name);
  return field == nullptr ? "" : message.GetReflection()->GetString(message, field);
}

class Player {
 public:
  explicit Player(std::int64_t max_events)
      : roll_(max_events), services_{rpc::CommandsService(gate_), rpc::QueriesService(gate_, "1.2.3")} {
    gate_.Open(roll_.registry());
  }

  void Play(const Record& record) {
    const std::size_t kind = KindOf(record);
    if (kind < Methods().size()) {
      Call(record, Methods()[kind]);
    } else if (kind == kStream) {
      Stream(record);
    } else {
      Settle();
      const std::size_t seconds = std::min(record.bytes.size(), seconds_left_);
      seconds_left_ -= seconds;
      roll_.Pass(absl::Seconds(seconds));
    }
  }

  void End() {
    Settle();
    EndStream();
    roll_.Check();
  }

 private:
  struct Waiting {
    std::unique_ptr<DirectCall> call;
    const Method* method;
  };

  void Call(const Record& record, const Method& method) {
    const std::int64_t before = roll_.LastCursor();
    const bool alone = waiting_.empty();
    waiting_.push_back({std::make_unique<DirectCall>(
                            [&](Context* context, const Bytes* request, Bytes* reply) {
                              return method.begin(services_, context, request, reply);
                            },
                            BufferOf(WithToken(record, method), PiecesOf(record))),
                        &method});
    const bool reads = KindOf(record) >= kFirstQuery;
    if (!reads && (record.kind & kHold) != 0) return;
    if (!reads) roll_.Turn();
    const grpc::Status& status = waiting_.back().call->Await();
    const bool refused =
        !status.ok() && status.error_code() != grpc::FAILED_PRECONDITION;  // that may report a clone
    if (alone && (reads || refused))
      MUSTER_CHECK(roll_.LastCursor() == before, "what is refused changes nothing");
    if (!reads || alone) Settle();
  }

  /// Everything that waits is answered.
  void Settle() {
    roll_.Turn();
    PumpStream();
    for (Waiting& each : waiting_) {
      const grpc::Status& status = each.call->Await();
      if (!status.ok()) {
        CheckError(status);
        continue;
      }
      const std::unique_ptr<Message> reply(each.method->reply.New());
      MUSTER_CHECK(reply->ParseFromString(each.call->reply()), "an answer can be read");
      if (std::string token = TextOf(*reply, "next_page_token"); !token.empty()) token_ = std::move(token);
    }
    waiting_.clear();
  }

  /// No input can hold a token that this roll signed: "^" stands for the last one that it gave out.
  std::string WithToken(const Record& record, const Method& method) const {
    const auto* field = method.request.GetDescriptor()->FindFieldByName("page_token");
    if (field == nullptr || token_.empty()) return record.bytes;
    const std::unique_ptr<Message> request(method.request.New());
    if (!request->ParseFromString(record.bytes) || TextOf(*request, "page_token") != "^") return record.bytes;
    request->GetReflection()->SetString(request.get(), field, token_);
    return request->SerializeAsString();
  }

  void Stream(const Record& record) {
    if (!stream_) {
      stream_ = std::make_unique<DirectStream>([this](Context* context) {
        return static_cast<rpc::internal::RawCommands&>(services_.commands).StreamHeartbeats(context);
      });
    }
    if (!stream_->reads()) Settle();  // a client that seems to wait for each answer is read after the answer
    MUSTER_CHECK(stream_->reads(), "a stream that is answered is read");
    const std::optional<HeartbeatCommand> heartbeat = rpc::ReadStreamed(record.bytes);
    stream_->Send(BufferOf(record.bytes, PiecesOf(record)));
    if (!heartbeat) {
      Settle();
      MUSTER_CHECK(stream_->end() && stream_->end()->error_code() == grpc::INVALID_ARGUMENT,
                   "a message that cannot be read ends the stream");
      CheckError(*stream_->end());
      return EndStream();
    }
    ids_.emplace_back(heartbeat->worker_id);
    if ((record.kind & kHold) == 0) Settle();
  }

  void PumpStream() {
    if (!stream_) return;
    while (const std::optional<std::string> bytes = stream_->TakeAnswer()) {
      v1::StreamHeartbeatsResponse answer;
      MUSTER_CHECK(answer.ParseFromString(*bytes), "an answer can be read");
      MUSTER_CHECK(!ids_.empty(), "a heartbeat is answered once");
      MUSTER_CHECK(answer.worker_id().empty() || answer.worker_id() == ids_.front(),
                   "answers come in the order of the heartbeats");
      MUSTER_CHECK(answer.result().has_error() != answer.has_recorded_at(),
                   "a heartbeat is recorded or refused");
      ids_.erase(ids_.begin());
      roll_.Turn();
    }
    MUSTER_CHECK(ids_.empty(), "every heartbeat of a stream is answered");
  }

  void EndStream() {
    if (!stream_) return;
    if (!stream_->end()) stream_->HalfClose();
    roll_.Turn();
    MUSTER_CHECK(stream_->end().has_value(), "a stream that is half-closed ends");
    stream_.reset();
  }

  Gate gate_;
  Roll roll_;
  std::size_t seconds_left_ = kMostSeconds;
  Services services_;
  std::vector<Waiting> waiting_;
  std::string token_;
  std::unique_ptr<DirectStream> stream_;
  std::vector<std::string> ids_;  // of the heartbeats on the stream that wait for their answers
};

}  // namespace
}  // namespace muster::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace muster::fuzz;
  std::vector<Record> records = Split({reinterpret_cast<const char*>(data), size});
  if (records.size() > kMostRecords) records.resize(kMostRecords);
  const bool few_events = !records.empty() && (records.front().kind & kHold) != 0;
  Player player(few_events ? 6 : 10'000);
  for (const Record& record : records) player.Play(record);
  player.End();
  return 0;
}

// Protobuf would write a line for every text that is not UTF-8.
extern "C" int LLVMFuzzerInitialize(int* /*argc*/, char*** /*argv*/) {
  google::protobuf::SetLogHandler(nullptr);
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t max_size,
                                               unsigned seed) {
  using namespace muster::fuzz;
  MessageMutator mutator(seed);
  std::vector<Record> records = Split({reinterpret_cast<const char*>(data), size});
  const auto add = [&](std::size_t at, Record record) {
    records.insert(records.begin() + static_cast<std::ptrdiff_t>(at), std::move(record));
  };
  if (records.empty()) add(0, {0, ""});
  const std::size_t at = mutator.Below(records.size());
  Record& record = records[at];
  switch (mutator.Below(10)) {
    case 0:
      add(mutator.Below(records.size() + 1), Record(record));
      break;
    case 1:
      if (records.size() > 1) records.erase(records.begin() + static_cast<std::ptrdiff_t>(at));
      break;
    case 2:
      std::swap(record, records[mutator.Below(records.size())]);
      break;
    case 3:
      record.kind ^= static_cast<std::uint8_t>(mutator.Below(2) == 0 ? kHold : kTwoPieces);
      break;
    case 4:
      add(mutator.Below(records.size() + 1),
          {static_cast<std::uint8_t>(mutator.Below(kKinds)), std::string(mutator.Below(30), 't')});
      break;
    case 5:
      record.bytes = mutator.Bytes(record.bytes);
      break;
    default:
      const std::size_t kind = KindOf(record);
      const auto& type = kind < Methods().size() ? Methods()[kind].request
                                                 : muster::v1::StreamHeartbeatsRequest::default_instance();
      const std::unique_ptr<google::protobuf::Message> request(type.New());
      if (kind != kPass && request->ParsePartialFromString(record.bytes)) {
        mutator.Change(*request);
        record.bytes = request->SerializePartialAsString();
      } else {
        record.bytes = mutator.Bytes(record.bytes);
      }
  }
  const std::string changed = Join(records).substr(0, max_size);
  std::copy(changed.begin(), changed.end(), data);
  return changed.size();
}
