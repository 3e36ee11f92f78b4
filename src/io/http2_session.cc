#include "io/http2_session.h"

#include <algorithm>
#include <cstring>

#include "base/strings.h"

namespace io {
namespace {

constexpr size_t kReadSize = 32 * 1024;
constexpr int kReadsPerTurn = 16;          // then others have their turn
constexpr size_t kOutputMax = 128 * 1024;  // frames built ahead of the transport
constexpr size_t kWritesPerTurnBytes = 1024 * 1024;

// Shared by all connections of a loop: bytes live here only while they are parsed or written.
thread_local char read_buffer[kReadSize];
thread_local std::string write_buffer;

}  // namespace

struct Http2Session::Callbacks {
  static Http2Session& self(void* user) { return *static_cast<Http2Session*>(user); }

  static int begin_headers(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    return self(user).on_begin_headers(*frame);
  }

  static int header(nghttp2_session*, const nghttp2_frame* frame, const uint8_t* name, size_t name_size,
                    const uint8_t* value, size_t value_size, uint8_t, void* user) {
    auto* stream = self(user).find(frame->hd.stream_id);
    if (stream != nullptr) {
      self(user).on_header(*stream, *frame, {reinterpret_cast<const char*>(name), name_size},
                           {reinterpret_cast<const char*>(value), value_size});
    }
    return 0;
  }

  static int frame_received(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    auto& session = self(user);
    session.on_frame(*frame);
    if (frame->hd.type != NGHTTP2_HEADERS && frame->hd.type != NGHTTP2_DATA) return 0;
    auto* stream = session.find(frame->hd.stream_id);
    if (stream == nullptr) return 0;
    bool ended = (frame->hd.flags & NGHTTP2_FLAG_END_STREAM) != 0;
    if (ended) stream->input_ended = true;
    if (frame->hd.type == NGHTTP2_HEADERS) session.on_headers_end(*stream, *frame);
    if (ended || frame->hd.type == NGHTTP2_HEADERS) stream->can_read.notify();
    return 0;
  }

  static int data(nghttp2_session* session, uint8_t, int32_t id, const uint8_t* bytes, size_t size, void* user) {
    auto* stream = self(user).find(id);
    if (stream == nullptr) {  // nobody will read it
      nghttp2_session_consume(session, id, size);
      return 0;
    }
    stream->received.append(reinterpret_cast<const char*>(bytes), size);
    if (self(user).consumes_connection_at_once_) nghttp2_session_consume_connection(session, size);
    stream->can_read.notify();
    return 0;
  }

  static int stream_closed(nghttp2_session* session, int32_t id, uint32_t error_code, void* user) {
    auto* stream = self(user).find(id);
    if (stream == nullptr) return 0;
    nghttp2_session_set_stream_user_data(session, id, nullptr);
    stream->over = true;
    stream->error_code = error_code;
    // What was received and never read no longer counts against the connection.
    if (!self(user).consumes_connection_at_once_ && !stream->received.empty()) {
      nghttp2_session_consume_connection(session, stream->received.size());
    }
    stream->can_read.notify();
    stream->can_write.notify();
    self(user).on_stream_closed(*stream);
    return 0;
  }

  static int sent(nghttp2_session*, const nghttp2_frame* frame, void* user) {
    self(user).on_sent(*frame);
    return 0;
  }

  static ssize_t read_source(nghttp2_session* session, int32_t id, uint8_t*, size_t length, uint32_t* flags,
                             nghttp2_data_source*, void* user) {
    auto* stream = self(user).find(id);
    if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    size_t size = std::min(length, stream->queued);
    if (size == 0 && !stream->body_ended) {
      stream->deferred = true;
      return NGHTTP2_ERR_DEFERRED;
    }
    *flags |= NGHTTP2_DATA_FLAG_NO_COPY;
    if (size == stream->queued && stream->body_ended) {
      *flags |= NGHTTP2_DATA_FLAG_EOF;
      if (!stream->trailers_out.fields().empty()) {
        *flags |= NGHTTP2_DATA_FLAG_NO_END_STREAM;
        std::vector<nghttp2_nv> fields;
        for (const auto& one : stream->trailers_out.fields()) fields.push_back(field(one.name, one.value));
        nghttp2_submit_trailer(session, id, fields.data(), fields.size());
      }
    }
    return static_cast<ssize_t>(size);
  }

  static int send_data(nghttp2_session*, nghttp2_frame* frame, const uint8_t* frame_head, size_t length,
                       nghttp2_data_source*, void* user) {
    auto& session = self(user);
    std::string& out = *session.building_;
    if (out.size() > kOutputMax) return NGHTTP2_ERR_WOULDBLOCK;
    auto* stream = session.find(frame->hd.stream_id);
    if (stream == nullptr) return NGHTTP2_ERR_TEMPORAL_CALLBACK_FAILURE;
    out.append(reinterpret_cast<const char*>(frame_head), 9);
    if (frame->data.padlen > 0) out += static_cast<char>(frame->data.padlen - 1);
    stream->queued -= length;
    while (length > 0) {
      auto& piece = stream->pieces[stream->piece_first];
      auto part = piece.view().substr(stream->piece_offset, length);
      out.append(part);
      length -= part.size();
      stream->piece_offset += part.size();
      if (stream->piece_offset < piece.size()) break;
      piece = base::Bytes();
      stream->piece_offset = 0;
      stream->piece_first++;
    }
    if (stream->piece_first == stream->pieces.size()) {
      stream->pieces.clear();
      stream->piece_first = 0;
    } else if (stream->piece_first >= 64) {
      stream->pieces.erase(stream->pieces.begin(),
                           stream->pieces.begin() + static_cast<ptrdiff_t>(stream->piece_first));
      stream->piece_first = 0;
    }
    if (frame->data.padlen > 1) out.append(frame->data.padlen - 1, '\0');
    stream->can_write.notify();
    return 0;
  }

  static nghttp2_session_callbacks* all() {
    static nghttp2_session_callbacks* const made = [] {
      nghttp2_session_callbacks* callbacks = nullptr;
      nghttp2_session_callbacks_new(&callbacks);
      nghttp2_session_callbacks_set_on_begin_headers_callback(callbacks, begin_headers);
      nghttp2_session_callbacks_set_on_header_callback(callbacks, header);
      nghttp2_session_callbacks_set_on_frame_recv_callback(callbacks, frame_received);
      nghttp2_session_callbacks_set_on_data_chunk_recv_callback(callbacks, data);
      nghttp2_session_callbacks_set_on_stream_close_callback(callbacks, stream_closed);
      nghttp2_session_callbacks_set_on_frame_send_callback(callbacks, sent);
      nghttp2_session_callbacks_set_send_data_callback(callbacks, send_data);
      return callbacks;
    }();
    return made;
  }
};

nghttp2_data_provider Http2Session::data_provider() {
  nghttp2_data_provider provider{};
  provider.read_callback = Callbacks::read_source;
  return provider;
}

nghttp2_nv Http2Session::field(std::string_view name, std::string_view value) {
  return {reinterpret_cast<uint8_t*>(const_cast<char*>(name.data())),
          reinterpret_cast<uint8_t*>(const_cast<char*>(value.data())), name.size(), value.size(), NGHTTP2_NV_FLAG_NONE};
}

Http2Session::Http2Session(std::unique_ptr<Transport> transport, Settings settings) : transport_(std::move(transport)) {
  nghttp2_option* option = nullptr;
  nghttp2_option_new(&option);
  nghttp2_option_set_no_auto_window_update(option, 1);
  nghttp2_option_set_no_closed_streams(option, 1);
  nghttp2_option_set_max_send_header_block_length(option, 1024 * 1024);
  if (settings.server) {
    nghttp2_session_server_new2(&session_, Callbacks::all(), this, option);
  } else {
    nghttp2_session_client_new2(&session_, Callbacks::all(), this, option);
  }
  nghttp2_option_del(option);
  std::vector<nghttp2_settings_entry> entries;
  entries.push_back({NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, static_cast<uint32_t>(settings.stream_window)});
  entries.push_back({NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, static_cast<uint32_t>(settings.header_bytes_max)});
  if (settings.server) {
    entries.push_back({NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, settings.streams_max});
  } else {
    entries.push_back({NGHTTP2_SETTINGS_ENABLE_PUSH, 0});
  }
  nghttp2_submit_settings(session_, NGHTTP2_FLAG_NONE, entries.data(), entries.size());
  nghttp2_session_set_local_window_size(session_, NGHTTP2_FLAG_NONE, 0,
                                        static_cast<int32_t>(settings.connection_window));
  watch_ = std::make_unique<Watch>(transport_->fd(), Ready::Read, [this](Ready ready) { on_ready(ready); });
  flush_soon();
}

Http2Session::~Http2Session() {
  watch_ = nullptr;
  nghttp2_session_del(session_);
}

void Http2Session::flush_soon() {
  if (dead_ || in_turn_) return;  // a turn ends with writing
  flush_.schedule([](void* self) { static_cast<Http2Session*>(self)->turn(false); }, this);
}

void Http2Session::data_added(Http2StreamState& stream) {
  if (dead_ || stream.over) return;
  if (std::exchange(stream.deferred, false)) nghttp2_session_resume_data(session_, stream.id);
  flush_soon();
}

void Http2Session::consumed(int32_t id, size_t size) {
  if (dead_ || size == 0) return;
  if (consumes_connection_at_once_) {
    nghttp2_session_consume_stream(session_, id, size);
  } else {
    nghttp2_session_consume(session_, id, size);
  }
  if (nghttp2_session_want_write(session_) != 0) flush_soon();
}

void Http2Session::terminate(uint32_t code) {
  if (dead_) return;
  nghttp2_session_terminate_session(session_, code);
  flush_soon();
}

void Http2Session::die(std::string_view reason) {
  if (std::exchange(dead_, true)) return;
  watch_ = nullptr;
  flush_.cancel();
  if (transport_ != nullptr) transport_->finish();
  transport_ = nullptr;
  output_ = {};
  on_dead(reason);
}

void Http2Session::on_ready(Ready ready) {
  bool input = (ready & Ready::Read) || read_wants_write_;
  turn(input);
}

void Http2Session::turn(bool input) {
  if (dead_ || in_turn_) return;
  in_turn_ = true;
  if (std::exchange(more_input_, false) || input) read_input();
  if (!dead_) after_input();
  if (!dead_) write_output();
  in_turn_ = false;
  if (more_input_) flush_soon();
  after_turn();
}

void Http2Session::read_input() {
  read_wants_write_ = false;
  for (int i = 0; i < kReadsPerTurn; i++) {
    auto got = transport_->read(read_buffer, sizeof read_buffer);
    switch (got.status) {
      case Transport::Status::WantRead:
        return;
      case Transport::Status::WantWrite:
        read_wants_write_ = true;
        return;
      case Transport::Status::End:
        return die("the peer closed the connection");
      case Transport::Status::Failed:
        return die(std::string(transport_->error()));
      case Transport::Status::Ok:
        break;
    }
    ssize_t used = nghttp2_session_mem_recv(session_, reinterpret_cast<const uint8_t*>(read_buffer), got.size);
    if (used < 0) return die(nghttp2_strerror(static_cast<int>(used)));
    if (got.drained) return;
  }
  // More may be in the TLS layer's own buffer, which does not make the descriptor readable.
  more_input_ = true;
}

void Http2Session::write_output() {
  write_wants_read_ = false;
  size_t written = 0;
  bool blocked = false;
  for (;;) {
    std::string_view rest = std::string_view(output_).substr(output_offset_);
    std::string* building = &output_;
    if (rest.empty()) {
      // Built in the loop's shared buffer: most of it goes out at once.
      output_.clear();
      output_offset_ = 0;
      write_buffer.clear();
      building_ = building = &write_buffer;
      while (building->size() < kOutputMax) {
        const uint8_t* bytes = nullptr;
        ssize_t size = nghttp2_session_mem_send(session_, &bytes);
        if (size < 0) {
          building_ = nullptr;
          return die(nghttp2_strerror(static_cast<int>(size)));
        }
        if (size == 0) break;
        building->append(reinterpret_cast<const char*>(bytes), static_cast<size_t>(size));
      }
      building_ = nullptr;
      rest = *building;
      if (rest.empty()) break;
    }
    while (!rest.empty() && !blocked) {
      auto put = transport_->write(rest);
      if (put.status == Transport::Status::Ok) {
        rest.remove_prefix(put.size);
        written += put.size;
      } else if (put.status == Transport::Status::Failed) {
        return die(std::string(transport_->error()));
      } else {
        blocked = true;
        write_wants_read_ = put.status == Transport::Status::WantRead;
      }
    }
    if (building == &write_buffer) {
      output_.assign(rest);
      output_offset_ = 0;
    } else {
      output_offset_ = output_.size() - rest.size();
    }
    if (blocked || written > kWritesPerTurnBytes) break;
  }
  if (write_buffer.capacity() > 4 * kOutputMax) write_buffer = {};
  bool pending = output_offset_ < output_.size();
  if (!pending) output_ = {};
  if (!pending && !blocked && nghttp2_session_want_read(session_) == 0 && nghttp2_session_want_write(session_) == 0) {
    return die("the session has ended");
  }
  Ready interest = Ready::Read;
  if (blocked || written > kWritesPerTurnBytes || read_wants_write_) interest = interest | Ready::Write;
  watch_->set_interest(interest);
}

}  // namespace io
