// StreamHeartbeats, as a client sees it.
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>
#include <grpcpp/support/sync_stream.h>

#include <algorithm>
#include <deque>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "catch.h"
#include "harness.h"
#include "rpc/stream_heartbeats.h"

namespace muster::rpc {
namespace {

using Answer = v1::StreamHeartbeatsResponse;

/// One stream and its client.
class Stream {
 public:
  explicit Stream(Harness& harness) : Stream(*harness.commands) {}
  explicit Stream(v1::WorkerCommands::Stub& commands) : stream_(commands.StreamHeartbeats(&context_)) {}

  bool Send(const std::string& id, const std::string& instance_id = "") {
    v1::StreamHeartbeatsRequest request;
    request.mutable_heartbeat()->set_worker_id(id);
    request.mutable_heartbeat()->set_instance_id(instance_id);
    return stream_->Write(request);
  }
  bool Send(const v1::StreamHeartbeatsRequest& request) { return stream_->Write(request); }
  void HalfClose() { stream_->WritesDone(); }
  void Cancel() { context_.TryCancel(); }

  bool Read(Answer& answer) { return stream_->Read(&answer); }
  Answer Next() {
    Answer answer;
    REQUIRE(Read(answer));
    return answer;
  }
  /// After the rest of the answers.
  grpc::Status End() {
    Answer ignored;
    while (Read(ignored)) {
    }
    return stream_->Finish();
  }

 private:
  grpc::ClientContext context_;
  const std::unique_ptr<grpc::ClientReaderWriter<v1::StreamHeartbeatsRequest, Answer>> stream_;
};

/// Keeps the writer busy as long as it lives.
class Stall {
 public:
  explicit Stall(Harness& harness) {
    harness.registry->Execute<Nothing>(
        "w",
        [this](WriteTx&, const Moment&) -> Result<Nothing> {
          begun_.Notify();
          over_.WaitForNotification();
          return Nothing{};
        },
        [this](const Result<Nothing>&) { done_.Notify(); });
    begun_.WaitForNotification();
  }
  ~Stall() {
    over_.Notify();
    done_.WaitForNotification();
  }
  Stall(const Stall&) = delete;
  Stall& operator=(const Stall&) = delete;

 private:
  absl::Notification begun_;
  absl::Notification over_;
  absl::Notification done_;
};

TEST_CASE("Every heartbeat of a stream is answered, in order, with all that a single heartbeat gets") {
  Harness harness;
  constexpr int kWorkers = 7;
  constexpr int kRounds = 300;
  for (int i = 0; i < kWorkers; ++i) harness.Register(absl::StrCat("w", i));
  Stream stream(harness);
  std::thread sender([&stream] {
    for (int i = 0; i < kRounds * kWorkers; ++i) stream.Send(absl::StrCat("w", i % kWorkers));
    stream.HalfClose();
  });
  for (int i = 0; i < kRounds * kWorkers; ++i) {
    const Answer answer = stream.Next();
    CHECK(answer.worker_id() == absl::StrCat("w", i % kWorkers));
    CHECK(answer.result().status() == v1::WORKER_STATUS_PENDING);
    CHECK_FALSE(answer.result().has_error());
    CHECK(answer.recorded_at().seconds() == 1'700'000'000);
    CHECK(answer.heartbeat_timeout().seconds() == 3);
    CHECK(answer.next_interval().nanos() >= 450'000'000);  // 500 ms, plus or minus a tenth
    CHECK(answer.next_interval().nanos() <= 550'000'000);
  }
  sender.join();
  CHECK(stream.End().ok());
  for (int i = 0; i < kWorkers; ++i) {
    CHECK(harness.Get(absl::StrCat("w", i)).heartbeats().total() == kRounds);
  }
  CHECK(harness.registry->Status().heartbeats_recorded == kRounds * kWorkers);
}

TEST_CASE("A heartbeat of a stream is on the roll once it is answered, and says how busy the worker is") {
  Harness harness;
  harness.Register("w1");
  CHECK(harness.RunJobs().activation().moved() == 0);
  Stream stream(harness);
  v1::StreamHeartbeatsRequest request;
  request.mutable_heartbeat()->set_worker_id("w1");
  request.mutable_heartbeat()->set_in_use(3);
  REQUIRE(stream.Send(request));
  stream.Next();
  CHECK(harness.Get("w1").in_use() == 3);
  CHECK(harness.RunJobs().activation().moved() == 1);
  REQUIRE(stream.Send(request));
  CHECK(stream.Next().result().status() == v1::WORKER_STATUS_ACTIVE);
}

TEST_CASE("A client that waited for each answer, and then sends all at once, gets every answer") {
  Harness harness;
  harness.Register("w");
  Stream stream(harness);
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 7; ++i) {
      REQUIRE(stream.Send("w"));
      CHECK(stream.Next().has_recorded_at());
    }
    for (int i = 0; i < round * 5; ++i) REQUIRE(stream.Send("w"));
    for (int i = 0; i < round * 5; ++i) CHECK(stream.Next().has_recorded_at());
  }
  REQUIRE(stream.Send("w"));
  stream.HalfClose();
  CHECK(stream.Next().has_recorded_at());
  CHECK(stream.End().ok());
  CHECK(harness.Get("w").heartbeats().total() == 20 * 7 + 5 * 190 + 1);
}

TEST_CASE("A bad heartbeat is refused alone, and the stream continues") {
  Harness harness;
  harness.Register("good");
  harness.Register("fenced", "mine");
  const std::string long_id(200, 'x');
  struct Case {
    std::string id, instance_id, reason, message, echo;
    grpc::StatusCode code;
  };
  const std::vector<Case> cases = {
      {"missing", "", "WORKER_NOT_FOUND", "", "missing", grpc::StatusCode::NOT_FOUND},
      {"", "", "INVALID_ARGUMENT", "heartbeat.worker_id: must be 1 to 128 bytes long, has 0", "",
       grpc::StatusCode::INVALID_ARGUMENT},
      {"no good id", "", "INVALID_ARGUMENT", "heartbeat.worker_id", "no good id",
       grpc::StatusCode::INVALID_ARGUMENT},
      {long_id, "", "INVALID_ARGUMENT", "heartbeat.worker_id: must be 1 to 128 bytes long, has 200", "",
       grpc::StatusCode::INVALID_ARGUMENT},
      {"good", long_id, "INVALID_ARGUMENT", "heartbeat.instance_id: must be 1 to 128 bytes long, has 200",
       "good", grpc::StatusCode::INVALID_ARGUMENT},
      {"fenced", "another", "INSTANCE_SUPERSEDED", "", "fenced", grpc::StatusCode::FAILED_PRECONDITION},
  };
  Stream stream(harness);
  REQUIRE(stream.Send(v1::StreamHeartbeatsRequest()));
  CHECK(stream.Next().result().error().reason() == "INVALID_ARGUMENT");
  for (const Case& bad : cases) {
    REQUIRE(stream.Send("good"));
    REQUIRE(stream.Send(bad.id, bad.instance_id));
  }
  for (const Case& bad : cases) {
    CHECK(stream.Next().result().status() == v1::WORKER_STATUS_PENDING);
    const Answer answer = stream.Next();
    CHECK(answer.worker_id() == bad.echo);
    CHECK(answer.result().error().code() == bad.code);
    CHECK(answer.result().error().reason() == bad.reason);
    CHECK(answer.result().error().message().rfind(bad.message, 0) == 0);
    CHECK_FALSE(answer.result().error().has_retry_delay());
    CHECK(answer.result().status() == v1::WORKER_STATUS_UNSPECIFIED);
    CHECK_FALSE(answer.has_recorded_at());
  }
  stream.HalfClose();
  CHECK(stream.End().ok());
  CHECK(harness.Get("good").heartbeats().total() == static_cast<std::int64_t>(cases.size()));
  CHECK(harness.Get("fenced").heartbeats().total() == 0);
}

TEST_CASE("An instance that still beats over a stream is reported with its address") {
  Harness harness;
  harness.Register("w1", "first");
  v1::RegisterWorkerRequest second = Registration("w1");
  second.set_instance_id("second");
  second.set_replace(true);
  v1::RegisterWorkerResponse response;
  REQUIRE(harness.Call(&v1::WorkerCommands::Stub::RegisterWorker, second, response).ok());
  harness.Pass(absl::Seconds(4));
  Stream stream(harness);
  REQUIRE(stream.Send("w1", "first"));
  CHECK(stream.Next().result().error().reason() == "INSTANCE_SUPERSEDED");
  v1::ListEventsResponse events;
  REQUIRE(harness.Call(&v1::WorkerQueries::Stub::ListEvents, v1::ListEventsRequest(), events).ok());
  const v1::Event& last = events.events(events.events_size() - 1);
  CHECK(last.type() == v1::EVENT_TYPE_CLONE_DETECTED);
  CHECK(last.actor().rfind("127.0.0.1:", 0) == 0);
}

TEST_CASE("Bytes that are not a message end the stream, once all before them is answered") {
  Harness harness;
  harness.Register("w1");
  const grpc::internal::RpcMethod method("/muster.v1.WorkerCommands/StreamHeartbeats",
                                         grpc::internal::RpcMethod::BIDI_STREAMING);
  grpc::ClientContext context;
  const std::unique_ptr<grpc::ClientReaderWriter<grpc::ByteBuffer, grpc::ByteBuffer>> stream(
      grpc::internal::ClientReaderWriterFactory<grpc::ByteBuffer, grpc::ByteBuffer>::Create(
          harness.channel.get(), method, &context));
  const auto send = [&stream](const std::string& bytes) {
    const grpc::Slice slice(bytes);
    return stream->Write(grpc::ByteBuffer(&slice, 1));
  };
  // Text that is not UTF-8 is only a bad id; its answer does not repeat it.
  REQUIRE(send(std::string("\x0a\x04\x0a\x02\xff\xfe", 6)));
  for (int i = 0; i < 50; ++i) REQUIRE(send(std::string("\x0a\x04\x0a\x02w1", 6)));
  REQUIRE(send("\x0a\x7f"));
  int answers = 0;
  grpc::ByteBuffer bytes;
  for (; stream->Read(&bytes); ++answers) {
    grpc::Slice whole;
    REQUIRE(bytes.DumpToSingleSlice(&whole).ok());
    Answer answer;
    REQUIRE(answer.ParseFromArray(whole.begin(), static_cast<int>(whole.size())));
    CHECK(answer.result().has_error() == (answers == 0));
    CHECK(answer.worker_id() == (answers == 0 ? "" : "w1"));
  }
  CHECK(answers == 51);
  const Refusal refusal = Refusal::Of(stream->Finish());
  CHECK(refusal.code == grpc::StatusCode::INVALID_ARGUMENT);
  CHECK(refusal.message.find("StreamHeartbeatsRequest") != std::string::npos);
  CHECK(harness.Get("w1").heartbeats().total() == 50);
}

TEST_CASE("A client that sends and hardly reads is held back: few heartbeats are taken in unanswered") {
  Harness harness;
  const std::string id(128, 'w');  // long answers, of which few fit into the buffers of a connection
  harness.Register(id);
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_HTTP2_BDP_PROBE, 0);  // else they would grow
  const auto commands = v1::WorkerCommands::NewStub(grpc::CreateCustomChannel(
      harness.server->address().ToString(), grpc::InsecureChannelCredentials(), arguments));
  Stream stream(*commands);
  constexpr std::int64_t kHeartbeats = 20'000;
  std::thread sender([&] {
    for (std::int64_t i = 0; i < kHeartbeats; ++i) stream.Send(id);
    stream.HalfClose();
  });
  std::int64_t max_ahead = 0;
  for (std::int64_t read = 1; read <= kHeartbeats; ++read) {
    stream.Next();
    if (read < 1'000) (void)harness.Get(id);  // slow, and then in a hurry
    max_ahead = std::max(max_ahead, harness.registry->Status().heartbeats_recorded - read);
  }
  sender.join();
  CHECK(stream.End().ok());
  CHECK(harness.registry->Status().heartbeats_recorded == kHeartbeats);
  // The window, and as many answers as fit into two buffers of 64 KiB.
  CHECK(max_ahead <= static_cast<std::int64_t>(kStreamWindow) + 2 * 65'536 / 128);
}

TEST_CASE("A heartbeat that cannot be made durable is refused with a delay, and the stream stays open") {
  Harness harness;
  harness.Register("w1");
  Stream stream(harness);
  harness.store->full = true;
  REQUIRE(stream.Send("w1"));
  const v1::HeartbeatError error = stream.Next().result().error();
  CHECK(error.code() == grpc::StatusCode::UNAVAILABLE);
  CHECK(error.reason() == "STORE_UNAVAILABLE");
  CHECK(error.retry_delay().seconds() == 1);
  CHECK(harness.Get("w1").heartbeats().total() == 0);
  harness.store->full = false;
  REQUIRE(stream.Send("w1"));
  CHECK_FALSE(stream.Next().result().has_error());
  CHECK(harness.Get("w1").heartbeats().total() == 1);
}

/// Something that waits before the others.
class Ballast final : public Command {
 public:
  void CollectKeys(BatchKeys&) const override {}
  void Apply(WriteTx&, const Moment&) override {}
  void Finish(const WorkerError*) override {}
};

TEST_CASE("Overload refuses heartbeats of a stream one by one, with a delay, and not the stream") {
  Harness harness;
  harness.Register("w1");
  Stream stream(harness);
  std::deque<Ballast> ballast;
  {
    const Stall stall(harness);
    while (harness.registry->Submit(ballast.emplace_back()).ok()) {
    }
    for (int i = 0; i < 5; ++i) REQUIRE(stream.Send("w1"));
    for (int i = 0; i < 5; ++i) {
      const Answer answer = stream.Next();
      CHECK(answer.worker_id() == "w1");
      CHECK(answer.result().error().code() == grpc::StatusCode::RESOURCE_EXHAUSTED);
      CHECK(answer.result().error().reason() == "OVERLOADED");
      CHECK(answer.result().error().retry_delay().seconds() * 1'000'000'000 +
                answer.result().error().retry_delay().nanos() >
            0);
    }
  }
  harness.RunJobs();  // behind all of the ballast
  REQUIRE(stream.Send("w1"));
  CHECK_FALSE(stream.Next().result().has_error());
  CHECK(harness.Get("w1").heartbeats().total() == 1);
  harness.Stop();
}

TEST_CASE("If another daemon was faster, the answers to a burst are those of the last decision") {
  Harness harness;
  harness.Register("first");
  harness.Register("stays");
  harness.store->meanwhile = ReplaceFirstBySecond;
  harness.store->lose_race = true;
  Stream stream(harness);
  SECTION("accepted at first") {
    REQUIRE(stream.Send("first"));
    CHECK(stream.Next().result().error().reason() == "WORKER_NOT_FOUND");
    CHECK(harness.registry->Status().heartbeats_recorded == 0);
  }
  SECTION("refused at first") {
    REQUIRE(stream.Send("second"));
    const Answer answer = stream.Next();
    CHECK_FALSE(answer.result().has_error());
    CHECK(answer.result().status() == v1::WORKER_STATUS_PENDING);
    CHECK(harness.registry->Status().heartbeats_recorded == 1);
  }
  SECTION("refused before any decision") {
    REQUIRE(stream.Send(std::string(200, 'x')));
    REQUIRE(stream.Send("stays"));
    CHECK(stream.Next().result().error().reason() == "INVALID_ARGUMENT");
    CHECK_FALSE(stream.Next().result().has_error());
    CHECK(harness.registry->Status().heartbeats_recorded == 1);
  }
  CHECK_FALSE(harness.store->lose_race);
}

TEST_CASE("A stream to a daemon that is starting is told so") {
  Harness harness(Harness::Begin::kStarting);
  Stream stream(harness);
  const Refusal refusal = Refusal::Of(stream.End());
  CHECK(refusal.code == grpc::StatusCode::UNAVAILABLE);
  CHECK(refusal.message.find("starting") != std::string::npos);
}

TEST_CASE("Streams that are open and idle end with the daemon, and are told why") {
  Harness harness;
  harness.Register("w1");
  std::vector<std::unique_ptr<Stream>> streams;
  for (int i = 0; i < 20; ++i) {
    Stream& stream = *streams.emplace_back(std::make_unique<Stream>(harness));
    if (i % 2 == 0) {
      REQUIRE(stream.Send("w1"));
      stream.Next();
    }
  }
  harness.server->Drain();
  for (const auto& stream : streams) {
    const Refusal refusal = Refusal::Of(stream->End());
    CHECK(refusal.code == grpc::StatusCode::UNAVAILABLE);
    CHECK(refusal.message.find("stopping") != std::string::npos);
    CHECK(refusal.retry.retry_delay().seconds() == 1);
  }
  Stream late(harness);
  CHECK(late.End().error_code() == grpc::StatusCode::UNAVAILABLE);
}

TEST_CASE("If they drain under load, streams answer what they recorded, and end") {
  Harness harness;
  constexpr int kStreams = 8;
  for (int i = 0; i < kStreams; ++i) harness.Register(absl::StrCat("w", i));
  std::atomic<std::int64_t> answered = 0;
  std::vector<std::int64_t> accepted(kStreams);
  std::vector<grpc::Status> ends(kStreams);
  std::vector<std::thread> clients;
  for (int i = 0; i < kStreams; ++i) {
    clients.emplace_back([&, i] {
      const auto self = static_cast<std::size_t>(i);
      Stream stream(harness);
      std::thread sender([&stream, i] {
        while (stream.Send(absl::StrCat("w", i))) {
        }
      });
      for (Answer answer; stream.Read(answer); ++answered) accepted[self] += answer.has_recorded_at() ? 1 : 0;
      ends[self] = stream.End();
      sender.join();
    });
  }
  while (answered < 5'000) std::this_thread::yield();
  harness.server->Drain();
  absl::Notification drained;
  harness.registry->Drain([&drained] { drained.Notify(); });
  drained.WaitForNotification();
  for (std::thread& client : clients) client.join();
  for (std::size_t i = 0; i < kStreams; ++i) {
    CHECK(ends[i].error_code() == grpc::StatusCode::UNAVAILABLE);
    std::int64_t recorded = 0;
    harness.registry->Read({}, [&](Result<const PointReads*> reads) {
      recorded = GetWorker(**reads, absl::StrCat("w", i))->pulse.total;
    });
    CHECK(recorded == accepted[i]);
  }
}

TEST_CASE("If its client gives up at any moment, a stream goes away; what was answered stays") {
  Harness harness;
  harness.Register("w1");
  std::int64_t accepted = 0;
  constexpr int kStreams = 100;
  for (int i = 0; i < kStreams; ++i) {
    Stream stream(harness);
    std::thread sender([&stream] {
      while (stream.Send("w1")) {
      }
    });
    Answer answer;
    for (int read = 0; read < 3 * i && stream.Read(answer); ++read)
      accepted += answer.has_recorded_at() ? 1 : 0;
    stream.Cancel();
    sender.join();
    CHECK(stream.End().error_code() == grpc::StatusCode::CANCELLED);
  }
  CHECK(harness.Get("w1").heartbeats().total() >= accepted);
  harness.Stop();  // would not return with a stream unfinished
}

}  // namespace
}  // namespace muster::rpc
