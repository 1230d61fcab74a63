#include "connection.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <string_view>

#include "retry_delay.h"

namespace muster::bench {
namespace {

constexpr int kResourceExhausted = 8;
// What is due for longer was never sent: else a generator that cannot keep up would measure itself.
constexpr std::int64_t kTooLateNs = 20'000'000;

}  // namespace

/// nghttp2 calls back into C functions; these find the call that a stream belongs to.
struct Connection::Callbacks {
  static Call* Of(nghttp2_session* session, std::int32_t stream) {
    return static_cast<Call*>(nghttp2_session_get_stream_user_data(session, stream));
  }

  static ssize_t ReadBody(nghttp2_session*, std::int32_t, std::uint8_t* out, std::size_t room,
                          std::uint32_t* flags, nghttp2_data_source* source, void*) {
    Call& call = *static_cast<Call*>(source->ptr);
    const std::size_t size = std::min(room, call.request.size() - call.sent);
    std::copy_n(call.request.data() + call.sent, size, out);
    call.sent += size;
    if (call.sent == call.request.size()) *flags |= NGHTTP2_DATA_FLAG_EOF;
    return static_cast<ssize_t>(size);
  }

  static int OnHeader(nghttp2_session* session, const nghttp2_frame* frame, const std::uint8_t* name,
                      std::size_t name_size, const std::uint8_t* value, std::size_t value_size, std::uint8_t,
                      void*) {
    const std::string_view header(reinterpret_cast<const char*>(name), name_size);
    const std::string_view text(reinterpret_cast<const char*>(value), value_size);
    if (header == "grpc-status") {
      if (Call* call = Of(session, frame->hd.stream_id)) {
        std::from_chars(text.data(), text.data() + text.size(), call->status);
      }
    } else if (header == "grpc-message") {
      Call* call = Of(session, frame->hd.stream_id);
      if (call != nullptr && call->connection->tally_.first_refusal.empty()) {
        call->connection->tally_.first_refusal = text;
      }
    } else if (header == "grpc-status-details-bin") {
      if (Call* call = Of(session, frame->hd.stream_id)) call->retry_delay_us = RetryDelayMicros(text);
    }
    return 0;
  }

  static int OnData(nghttp2_session* session, std::uint8_t, std::int32_t stream, const std::uint8_t* data,
                    std::size_t size, void*) {
    if (Call* call = Of(session, stream)) call->response.append(reinterpret_cast<const char*>(data), size);
    return 0;
  }

  static int OnClose(nghttp2_session* session, std::int32_t stream, std::uint32_t, void*) {
    if (Call* call = Of(session, stream)) call->connection->Finish(*call);
    return 0;
  }
};

Connection::Connection(int port, int in_flight, Loop loop, Workload& workload, Tally& tally)
    : workload_(workload),
      tally_(tally),
      loop_(loop),
      client_(port, {Callbacks::OnHeader, Callbacks::OnData, Callbacks::OnClose}, this),
      path_(workload.path()),
      calls_(static_cast<std::size_t>(in_flight)) {}

bool Connection::Start() {
  if (!client_.Start()) return false;
  for (Call& call : calls_) {
    call.connection = this;
    if (loop_ == Loop::kOpen) {
      free_.push_back(&call);
    } else {
      SubmitNext(call);
    }
  }
  return Write();
}

bool Connection::Offer(std::int64_t scheduled_ns) {
  if (!workload_.Next(request_)) return false;
  const std::int64_t now = NowNanos();
  const std::size_t caller = workload_.Caller();
  ++tally_.offered;
  if (!tally_.held_until_ns.empty() && tally_.held_until_ns[caller] > now) {
    ++tally_.held_back;
  } else if (now - scheduled_ns > kTooLateNs || free_.empty() || calls_in_flight_ >= StreamsAllowed()) {
    ++tally_.unsent;
  } else {
    ++tally_.sent;
    if (tally_.measure) tally_.lateness_us.push_back(static_cast<std::uint32_t>((now - scheduled_ns) / 1000));
    Call& call = *free_.back();
    free_.pop_back();
    call.request.swap(request_);
    call.caller = caller;
    Submit(call, scheduled_ns);
  }
  return true;
}

int Connection::StreamsAllowed() const {
  const std::uint32_t most =
      nghttp2_session_get_remote_settings(client_.session(), NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);
  return static_cast<int>(std::min<std::uint32_t>(most, std::numeric_limits<int>::max()));
}

void Connection::SubmitNext(Call& call) {
  if (tally_.stop || !workload_.Next(call.request)) return;
  call.caller = workload_.Caller();
  Submit(call, NowNanos());
}

void Connection::Submit(Call& call, std::int64_t started_ns) {
  call.sent = 0;
  call.response.clear();
  call.status = -1;
  call.retry_delay_us.reset();
  call.started_ns = started_ns;
  nghttp2_data_provider body = {};
  body.source.ptr = &call;
  body.read_callback = Callbacks::ReadBody;
  if (client_.Submit(path_, body, &call) >= 0) ++calls_in_flight_;
}

void Connection::Finish(Call& call) {
  --calls_in_flight_;
  ++tally_.answered;
  constexpr std::size_t kFrame = 5;  // gRPC's prefix
  const std::int64_t accepted = call.status == 0 && call.response.size() > kFrame
                                    ? workload_.Accepted(std::string_view(call.response).substr(kFrame))
                                    : 0;
  if (accepted == 0) {
    CountRefusal(call);
  } else {
    ++tally_.ok;
    tally_.accepted += accepted;
    if (tally_.measure) {
      ++tally_.measured;
      tally_.measured_accepted += accepted;
      tally_.latencies_us.push_back(static_cast<std::uint32_t>((NowNanos() - call.started_ns) / 1000));
    }
  }
  if (loop_ == Loop::kOpen) {
    free_.push_back(&call);
  } else {
    SubmitNext(call);
  }
}

void Connection::CountRefusal(const Call& call) {
  ++tally_.refused[call.status];
  if (call.status != kResourceExhausted) return;
  if (!call.retry_delay_us) {
    ++tally_.without_retry_delay;
    return;
  }
  tally_.retry_delays_us.push_back(static_cast<std::uint32_t>(*call.retry_delay_us));
  if (!tally_.held_until_ns.empty()) {
    tally_.held_until_ns[call.caller] = NowNanos() + *call.retry_delay_us * 1000;
  }
}

}  // namespace muster::bench
