#include "http/engine/connection.h"

#include <array>
#include <boost/asio/buffer.hpp>
#include <boost/asio/dispatch.hpp>
#include <boost/asio/error.hpp>
#include <boost/asio/post.hpp>
#include <utility>

#include "absl/strings/str_cat.h"

namespace muster::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

// The longest head of a chunk, and the most bytes that may follow the last chunk.
constexpr std::size_t kMaxChunkHead = 8 << 10;
// The shortest body of chunks: "0\r\n\r\n".
constexpr std::size_t kShortestChunks = 5;

bool Blocked(error_code error) {
  return error == asio::error::would_block || error == asio::error::try_again;
}

}  // namespace

Connection::Connection(Loop& loop, Socket socket, std::string peer, Place place)
    : loop_(loop),
      socket_(std::move(socket)),
      timer_(loop.io),
      peer_(std::move(peer)),
      place_(place),
      scanner_(loop.limits) {
  error_code ignored;
  socket_.non_blocking(true, ignored);
}

void Connection::Start() {
  Enter(Phase::kIdle, loop_.limits.idle);
  WaitForBytes();
}

void Connection::RejectBusy(std::string detail) {
  Refuse({503, std::move(detail)});
}

void Connection::Drain() {
  if (phase_ == Phase::kIdle || (phase_ == Phase::kLingering && loop_.stopping)) Close();
}

void Connection::Close() {
  if (phase_ == Phase::kClosed) return;
  phase_ = Phase::kClosed;
  gone_->store(true, std::memory_order_relaxed);
  error_code ignored;
  socket_.close(ignored);
  timer_.cancel();
  loop_.Remove(shared_from_this());
}

void Connection::WaitForBytes() {
  if (waiting_) return;
  waiting_ = true;
  socket_.async_wait(Socket::wait_read, [self = shared_from_this()](error_code error) {
    self->waiting_ = false;
    if (self->phase_ == Phase::kClosed) return;
    error ? self->Close() : self->Read();
  });
}

void Connection::Read() {
  if (phase_ == Phase::kHandling) return LookWhetherGone();
  // Do not read while an answer is written: a deadline can cause an answer in the middle of a request.
  if (phase_ == Phase::kWriting) return;
  error_code error;
  const std::size_t size = socket_.read_some(asio::buffer(loop_.scratch), error);
  if (Blocked(error)) return WaitForBytes();
  if (error) return Close();
  if (phase_ == Phase::kLingering) return WaitForBytes();
  inbox_.Append({loop_.scratch.data(), size});
  Advance();
}

void Connection::LookWhetherGone() {
  char next = 0;
  error_code error;
  const std::size_t size = socket_.receive(asio::buffer(&next, 1), Socket::message_peek, error);
  if (Blocked(error)) return WaitForBytes();
  // The client sends no more. A client that was closed shows nothing else. If it has closed only its sending
  // half, it still gets its answer.
  if (error == asio::error::eof) gone_->store(true, std::memory_order_relaxed);
  // Or it sends its next request ahead. That request waits, and so does everything after it.
  if (error && error != asio::error::eof) return Close();
  (void)size;
}

void Connection::Advance() {
  if (phase_ == Phase::kIdle || phase_ == Phase::kHead) return AdvanceHead();
  if (phase_ == Phase::kBody) return AdvanceBody();
}

void Connection::AdvanceHead() {
  if (auto refusal = scanner_.Look(inbox_.rest())) return Refuse(*refusal);
  if (!scanner_.done()) {
    if (phase_ == Phase::kIdle) Enter(Phase::kHead, loop_.limits.headers_within);
    return WaitForBytes();
  }
  parser_.emplace();
  const auto refusal = ReadHead(inbox_.rest().substr(scanner_.begin(), scanner_.end() - scanner_.begin()),
                                loop_.limits, *parser_, head_);
  inbox_.Take(scanner_.end());
  Request& request = head_.request;
  const std::string_view id = request.Header("x-request-id");
  request.request_id = IsSaneRequestId(id) ? std::string(id) : loop_.request_ids.Next();
  request.peer = peer_;
  exchange_ = {.request_id = request.request_id,
               .origin = std::string(request.Header("origin")),
               .if_none_match = TakeGzipTags(request.headers),
               .head_only = request.method == "HEAD",
               .http_1_0 = head_.http_1_0,
               .keep_alive = head_.keep_alive,
               .takes_gzip = TakesGzip(request.Header("accept-encoding"))};
  if (refusal) return Refuse(*refusal);
  if (parser_->is_done()) return Handle();
  Enter(Phase::kBody, loop_.limits.body_within);
  if (head_.expects_continue && inbox_.rest().empty() && !SayContinue()) return Close();
  AdvanceBody();
}

void Connection::AdvanceBody() {
  if (auto refusal = TakeBody()) return Refuse(*refusal);
  if (parser_->is_done()) return Handle();
  WaitForBytes();
}

std::optional<Refusal> Connection::TakeBody() {
  while (!parser_->is_done() && !inbox_.rest().empty()) {
    const std::string_view rest = inbox_.rest();
    // Beast asserts that what follows a first chunk without data does not come byte by byte.
    const bool nothing_yet = parser_->chunked() && parser_->get().body().empty();
    if (nothing_yet && rest.size() < kShortestChunks) return std::nullopt;
    boost::beast::error_code error;
    const std::size_t taken = parser_->put(asio::const_buffer(rest.data(), rest.size()), error);
    inbox_.Take(taken);
    if (parser_->get().body().size() > loop_.limits.body_bytes) {
      return Refusal{413, absl::StrCat("the body is longer than ", loop_.limits.body_bytes, " bytes")};
    }
    if (error == boost::beast::http::error::need_more) {
      if (inbox_.rest().size() <= kMaxChunkHead) return std::nullopt;
      return Refusal{400, "the head of a chunk, or what follows the last one, is too long"};
    }
    if (error)
      return Refusal{400, absl::StrCat("the body's chunks are not as HTTP/1.1 has them: ", error.message())};
  }
  return std::nullopt;
}

bool Connection::SayContinue() {
  constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  error_code error;
  // The socket has room: a client that waits for this has read everything that was sent before.
  const std::size_t size = socket_.write_some(asio::const_buffer(kContinue.data(), kContinue.size()), error);
  return !error && size == kContinue.size();
}

void Connection::Handle() {
  phase_ = Phase::kHandling;
  Request request = std::move(head_.request);
  request.body = std::move(parser_->get().body());
  const std::uint64_t number = ++number_;
  if (loop_.cors.IsPreflight(request)) {
    const std::vector<std::string> methods = loop_.handler.Methods(request);
    if (!methods.empty()) return Finish(number, Cors::AnswerPreflight(methods));
  }
  auto loop = loop_.shared_from_this();
  auto take = [loop = std::move(loop), connection = weak_from_this(), number](Response response) {
    // Lock the connection only on its own thread, so that its destructor never runs on another thread.
    asio::dispatch(loop->io, [connection, number, response = std::move(response)]() mutable {
      if (const auto self = connection.lock()) self->Finish(number, std::move(response));
    });
  };
  loop_.handler.Handle(std::move(request), Answer(std::move(take), gone_));
  if (phase_ == Phase::kHandling) WaitForBytes();
}

void Connection::Refuse(const Refusal& refusal) {
  const bool known = !head_.request.request_id.empty();
  if (!known) {
    exchange_ = Exchange();
    exchange_.request_id = loop_.request_ids.Next();
  }
  exchange_.keep_alive = false;
  phase_ = Phase::kHandling;
  Response response = loop_.handler.Problem(refusal.status, refusal.detail, known ? &head_.request : nullptr);
  if (refusal.status == 503) response.headers.emplace_back("Retry-After", "1");
  Finish(++number_, std::move(response));
}

void Connection::Finish(std::uint64_t number, Response response) {
  if (phase_ != Phase::kHandling || number != number_) return;
  phase_ = Phase::kWriting;
  response_ = std::move(response);
  if (loop_.draining) exchange_.keep_alive = false;
  if (!CouldBeGzip(response_)) return WriteAnswer(Coding::kNone);
  response_.headers.emplace_back("Vary", "Accept-Encoding");
  if (!exchange_.takes_gzip) return WriteAnswer(Coding::kNone);
  gzip_ = std::make_unique<Gzip>(std::move(response_.body));
  Compress();
}

void Connection::Compress() {
  if (phase_ == Phase::kClosed) return;
  if (!gzip_->Step()) return asio::post(loop_.io, [self = shared_from_this()] { self->Compress(); });
  const Coding coding = gzip_->failed() ? Coding::kNone : Coding::kGzip;
  response_.body = gzip_->TakeBody();
  gzip_.reset();
  WriteAnswer(coding);
}

void Connection::WriteAnswer(Coding coding) {
  out_ = AnswerHead(response_, coding, exchange_, loop_.cors, loop_.Date());
  if (exchange_.head_only || !HasBody(response_.status)) response_.body.clear();
  sent_ = 0;
  slow_ = false;
  Flush();
}

void Connection::Flush() {
  const std::size_t whole = out_.size() + response_.body.size();
  while (sent_ < whole) {
    const std::size_t of_body = sent_ > out_.size() ? sent_ - out_.size() : 0;
    const std::array<asio::const_buffer, 2> rest = {asio::buffer(out_) + sent_,
                                                    asio::buffer(response_.body) + of_body};
    error_code error;
    const std::size_t size = socket_.write_some(rest, error);
    if (Blocked(error)) {
      if (!slow_) Enter(Phase::kWriting, loop_.limits.answer_within);
      slow_ = true;
      return socket_.async_wait(Socket::wait_write, [self = shared_from_this()](error_code failed) {
        if (self->phase_ == Phase::kClosed) return;
        failed ? self->Close() : self->Flush();
      });
    }
    if (error) return Close();
    sent_ += size;
  }
  AfterAnswer();
}

void Connection::AfterAnswer() {
  response_ = Response();
  parser_.reset();
  head_ = Head();
  scanner_ = HeadScanner(loop_.limits);
  if (!exchange_.keep_alive) return Linger();
  Enter(Phase::kIdle, loop_.limits.idle);
  if (inbox_.rest().empty()) return WaitForBytes();
  // Posted, so that other connections come first and there is no recursion: a client may have sent thousands
  // of requests ahead.
  asio::post(loop_.io, [self = shared_from_this()] { self->Advance(); });
}

void Connection::Linger() {
  if (loop_.stopping) return Close();
  // If the socket were closed with unread bytes, TCP would reset it, and the client could lose the answer.
  error_code error;
  socket_.shutdown(Socket::shutdown_send, error);
  if (error) return Close();
  inbox_ = Inbox();
  Enter(Phase::kLingering, loop_.limits.linger);
  WaitForBytes();
}

void Connection::Enter(Phase phase, absl::Duration within) {
  phase_ = phase;
  timer_.expires_after(ForTimer(within));
  timer_.async_wait([self = shared_from_this(), phase, deadline = ++deadline_](error_code error) {
    if (!error && self->phase_ == phase && self->deadline_ == deadline) self->OnDeadline();
  });
}

void Connection::OnDeadline() {
  if (phase_ == Phase::kHead) {
    return Refuse({408, absl::StrCat("the headers did not arrive within ",
                                     absl::FormatDuration(loop_.limits.headers_within))});
  }
  if (phase_ == Phase::kBody) {
    return Refuse({408, absl::StrCat("the body did not arrive within ",
                                     absl::FormatDuration(loop_.limits.body_within))});
  }
  Close();
}

}  // namespace muster::http
