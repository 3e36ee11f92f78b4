#include "store/lmdb/lmdb_journal.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include "store/opening.h"

namespace store {

namespace {

constexpr uint64_t kFormat = 1;
constexpr size_t kNumberBytes = 8;
constexpr size_t kLengthBytes = 4;
constexpr size_t kWritesBetweenLettingGo = 100;

template <size_t kBytes>
void store_number(char* out, uint64_t value) {
  for (size_t i = kBytes; i-- > 0; value >>= 8) out[i] = static_cast<char>(value & 0xff);
}

template <size_t kBytes>
uint64_t load_number(const char* in) {
  uint64_t value = 0;
  for (size_t i = 0; i < kBytes; ++i) value = value << 8 | static_cast<unsigned char>(in[i]);
  return value;
}

MDB_val val(std::string_view text) {
  return {text.size(), const_cast<char*>(text.data())};
}
std::string_view view(const MDB_val& value) {
  return {static_cast<const char*>(value.mv_data), value.mv_size};
}

int put_number(MDB_txn* transaction, MDB_dbi database, std::string_view name, uint64_t value) {
  char bytes[kNumberBytes];
  store_number<kNumberBytes>(bytes, value);
  MDB_val key = val(name);
  MDB_val data = val({bytes, sizeof bytes});
  return mdb_put(transaction, database, &key, &data, 0);
}

std::optional<uint64_t> get_number(MDB_txn* transaction, MDB_dbi database, std::string_view name) {
  MDB_val key = val(name);
  MDB_val data;
  if (mdb_get(transaction, database, &key, &data) != 0 || data.mv_size != kNumberBytes) return std::nullopt;
  return load_number<kNumberBytes>(static_cast<const char*>(data.mv_data));
}

// Ends with the scope unless committed.
class Transaction {
 public:
  Transaction(MDB_env* environment, unsigned flags) { status_ = mdb_txn_begin(environment, nullptr, flags, &handle_); }
  Transaction(const Transaction&) = delete;
  ~Transaction() {
    if (handle_ != nullptr) mdb_txn_abort(handle_);
  }
  int status() const { return status_; }
  MDB_txn* get() const { return handle_; }
  int commit() { return mdb_txn_commit(std::exchange(handle_, nullptr)); }

 private:
  MDB_txn* handle_ = nullptr;
  int status_;
};

class Cursor {
 public:
  Cursor(MDB_txn* transaction, MDB_dbi database) { status_ = mdb_cursor_open(transaction, database, &handle_); }
  Cursor(const Cursor&) = delete;
  ~Cursor() {
    if (handle_ != nullptr) mdb_cursor_close(handle_);
  }
  // 0, MDB_NOTFOUND at the end, or an error.
  int next(MDB_val& key, MDB_val& data) {
    return status_ != 0 ? status_ : mdb_cursor_get(handle_, &key, &data, MDB_NEXT);
  }

 private:
  MDB_cursor* handle_ = nullptr;
  int status_;
};

base::Result<void> make_folder(const std::string& path) {
  for (size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
    std::string part = path.substr(0, slash);
    if (mkdir(part.c_str(), 0700) != 0 && errno != EEXIST)
      return base::fail(base::system_error("make folder " + part, errno));
    if (slash == std::string::npos) return {};
  }
}

// So that a new file's name survives what its content does.
base::Result<void> sync_folder(const std::string& path) {
  int fd = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return base::fail(base::system_error("open folder " + path, errno));
  int status = fsync(fd);
  int number = errno;
  close(fd);
  if (status != 0) return base::fail(base::system_error("sync folder " + path, number));
  return {};
}

bool is_full(int number) {
  return number == MDB_MAP_FULL || number == ENOSPC || number == EDQUOT || number == EFBIG;
}

}  // namespace

base::Result<LmdbJournal::Opened> LmdbJournal::open(const LmdbOptions& options) {
  std::unique_ptr<LmdbJournal> journal(new LmdbJournal(options.directory));
  TRY(make_folder(options.directory));
  TRY(journal->lock());
  TRY(journal->open_environment(options.map_bytes_max));
  TRY(auto contents, journal->load(options));
  TRY(journal->let_go_of_pages());
  TRY(sync_folder(options.directory));
  size_t slash = options.directory.find_last_of('/');
  TRY(sync_folder(slash == std::string::npos ? "." : slash == 0 ? "/" : options.directory.substr(0, slash)));
  return Opened{std::move(journal), std::move(contents)};
}

LmdbJournal::~LmdbJournal() {
  if (environment_ != nullptr) mdb_env_close(environment_);
  if (lock_fd_ >= 0) close(lock_fd_);
}

base::Error LmdbJournal::error(std::string_view what, int number) const {
  std::string context = std::string(what) + " " + directory_;
  if (number == MDB_MAP_FULL) {
    return base::Error(base::Code::Internal, context + ": the store has reached its largest size");
  }
  // LMDB's own codes are negative, the others the system's.
  if (number > 0) return base::system_error(context, number);
  return base::Error(base::Code::Internal, context + ": " + mdb_strerror(number));
}

base::Result<void> LmdbJournal::lock() {
  std::string path = directory_ + "/navarch.lock";
  lock_fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (lock_fd_ < 0) return base::fail(base::system_error("open " + path, errno));
  if (flock(lock_fd_, LOCK_EX | LOCK_NB) == 0) return {};
  if (errno != EWOULDBLOCK) return base::fail(base::system_error("lock " + path, errno));
  return base::fail(base::Code::Unavailable, "another navarch process uses " + directory_);
}

base::Result<void> LmdbJournal::open_environment(size_t map_bytes_max) {
  constexpr unsigned kNamedDatabases = 2;
  if (int number = mdb_env_create(&environment_); number != 0) return base::fail(error("open store", number));
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  mdb_env_set_maxdbs(environment_, kNamedDatabases);
  map_bytes_ = std::max(map_bytes_max / page * page, size_t{64} * page);
  mdb_env_set_mapsize(environment_, map_bytes_);
  key_bytes_max_ = static_cast<size_t>(mdb_env_get_maxkeysize(environment_));
  if (int number = mdb_env_open(environment_, directory_.c_str(), 0, 0600); number != 0) {
    return base::fail(error("open store", number));
  }
  Transaction transaction(environment_, 0);
  int number = transaction.status();
  if (number == 0) number = mdb_dbi_open(transaction.get(), nullptr, 0, &main_);
  if (number == 0) number = mdb_dbi_open(transaction.get(), "objects", MDB_CREATE, &objects_);
  if (number == 0) number = mdb_dbi_open(transaction.get(), "long", MDB_CREATE, &long_);
  if (number != 0) return base::fail(error("open store", number));
  TRY(check_format(transaction.get()));
  number = transaction.commit();
  if (number != 0) return base::fail(error("open store", number));
  return {};
}

base::Result<void> LmdbJournal::check_format(MDB_txn* transaction) {
  auto format = get_number(transaction, main_, "format");
  if (format && *format != kFormat) {
    return base::fail(base::Code::Internal, "open store " + directory_ + ": written in format " +
                                                std::to_string(*format) + ", which this version does not know");
  }
  if (format) return {};
  if (int number = put_number(transaction, main_, "format", kFormat); number != 0) {
    return base::fail(error("open store", number));
  }
  return {};
}

base::Result<LmdbJournal::Contents> LmdbJournal::load(const LmdbOptions& options) {
  Transaction transaction(environment_, MDB_RDONLY);
  if (transaction.status() != 0) return base::fail(error("read store", transaction.status()));
  Contents contents;
  contents.revision = get_number(transaction.get(), main_, "revision").value_or(contents.revision);
  contents.compacted = get_number(transaction.get(), main_, "compacted").value_or(0);
  TRY(load_objects(transaction.get(), options, contents.entries));
  size_t ordered = contents.entries.size();
  TRY(load_long(transaction.get(), options, contents.entries));
  if (contents.entries.size() > ordered) {
    std::sort(contents.entries.begin(), contents.entries.end(),
              [](const EntryRef& a, const EntryRef& b) { return a->key < b->key; });
  }
  return contents;
}

base::Result<void> LmdbJournal::load_objects(MDB_txn* transaction, const LmdbOptions& options,
                                             std::vector<EntryRef>& entries) {
  MDB_stat statistics;
  if (mdb_stat(transaction, objects_, &statistics) == 0) entries.reserve(statistics.ms_entries);
  Cursor cursor(transaction, objects_);
  MDB_val key;
  MDB_val data;
  int number;
  while ((number = cursor.next(key, data)) == 0) {
    std::string_view bytes = view(data);
    if (bytes.size() < kNumberBytes)
      return base::fail(base::Code::Internal, "read store " + directory_ + ": a broken record");
    entries.push_back(make_kept_entry(std::string(view(key)), bytes.substr(kNumberBytes),
                                      load_number<kNumberBytes>(bytes.data()), options.indexer, *options.sealer));
  }
  if (number != MDB_NOTFOUND) return base::fail(error("read store", number));
  return {};
}

base::Result<void> LmdbJournal::load_long(MDB_txn* transaction, const LmdbOptions& options,
                                          std::vector<EntryRef>& entries) {
  constexpr size_t kHeader = kNumberBytes + kLengthBytes;
  Cursor cursor(transaction, long_);
  MDB_val key;
  MDB_val data;
  int number;
  while ((number = cursor.next(key, data)) == 0) {
    std::string_view bytes = view(data);
    size_t length = bytes.size() < kHeader ? bytes.size() : load_number<kLengthBytes>(bytes.data() + kNumberBytes);
    if (key.mv_size != kNumberBytes || bytes.size() < kHeader || bytes.size() - kHeader < length) {
      return base::fail(base::Code::Internal, "read store " + directory_ + ": a broken record");
    }
    std::string name(bytes.substr(kHeader, length));
    uint64_t place = load_number<kNumberBytes>(view(key).data());
    long_numbers_[name] = place;
    next_long_number_ = place + 1;
    entries.push_back(make_kept_entry(std::move(name), bytes.substr(kHeader + length),
                                      load_number<kNumberBytes>(bytes.data()), options.indexer, *options.sealer));
  }
  if (number != MDB_NOTFOUND) return base::fail(error("read store", number));
  return {};
}

int LmdbJournal::put(MDB_txn* transaction, const Entry& entry, std::string_view kept) {
  bool is_long = entry.key.size() > key_bytes_max_;
  char place[kNumberBytes];
  size_t header = kNumberBytes;
  MDB_val key = val(entry.key);
  if (is_long) {
    auto [found, added] = long_numbers_.try_emplace(entry.key, next_long_number_);
    if (added) ++next_long_number_;
    store_number<kNumberBytes>(place, found->second);
    key = val({place, sizeof place});
    header += kLengthBytes + entry.key.size();
  }
  // Room is made in the page and filled in place: the value is copied once.
  MDB_val data{header + kept.size(), nullptr};
  if (int number = mdb_put(transaction, is_long ? long_ : objects_, &key, &data, MDB_RESERVE); number != 0)
    return number;
  char* out = static_cast<char*>(data.mv_data);
  store_number<kNumberBytes>(out, entry.revision);
  if (is_long) {
    store_number<kLengthBytes>(out + kNumberBytes, entry.key.size());
    memcpy(out + kNumberBytes + kLengthBytes, entry.key.data(), entry.key.size());
  }
  if (!kept.empty()) memcpy(out + header, kept.data(), kept.size());
  return 0;
}

int LmdbJournal::remove(MDB_txn* transaction, const std::string& name) {
  MDB_val key = val(name);
  char place[kNumberBytes];
  if (name.size() <= key_bytes_max_) return mdb_del(transaction, objects_, &key, nullptr);
  auto found = long_numbers_.find(name);
  if (found == long_numbers_.end()) return MDB_NOTFOUND;
  store_number<kNumberBytes>(place, found->second);
  key = val({place, sizeof place});
  return mdb_del(transaction, long_, &key, nullptr);
}

int LmdbJournal::write(MDB_txn* transaction, const std::vector<Record>& records, Revision compact) {
  for (const auto& [event, kept] : records) {
    bool deleted = event->kind == Event::Kind::Deleted;
    int number = deleted ? remove(transaction, event->entry->key) : put(transaction, *event->entry, kept.view());
    if (number != 0) return number;
  }
  if (compact > 0) {
    if (int number = put_number(transaction, main_, "compacted", compact); number != 0) return number;
  }
  return records.empty() ? 0 : put_number(transaction, main_, "revision", records.back().event->entry->revision);
}

// LMDB maps the file anew when it is told a size, the same one too. No transaction may be open.
base::Result<void> LmdbJournal::let_go_of_pages() {
  written_since_letting_go_ = 0;
  int number = mdb_env_set_mapsize(environment_, map_bytes_);
  if (number != 0) return base::fail(error("map store", number));
  return {};
}

int LmdbJournal::commit(const std::vector<Record>& records, Revision compact) {
  Transaction transaction(environment_, 0);
  if (int number = transaction.status(); number != 0) return number;
  if (int number = write(transaction.get(), records, compact); number != 0) return number;
  return transaction.commit();
}

base::Result<void> LmdbJournal::append(const std::vector<Record>& records, Revision compact) {
  if (written_since_letting_go_ >= kWritesBetweenLettingGo) {
    if (auto mapped = let_go_of_pages(); !mapped) {
      usable_ = false;
      return mapped;
    }
  }
  int number = commit(records, compact);
  written_since_letting_go_ += records.size();
  if (number == 0) return {};
  usable_ = is_full(number);
  return base::fail(error("write to store", number));
}

}  // namespace store
