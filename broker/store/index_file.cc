#include "broker/store/index_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>

#include "common/base/bytes.h"

namespace rmq::store {
namespace {

constexpr std::size_t kHeader = 40;
constexpr std::size_t kSlot = 4;
constexpr std::size_t kEntry = 20;
constexpr std::size_t kBeginTime = 0, kEndTime = 8, kBeginPhysical = 16, kEndPhysical = 24, kSlotCount = 32,
                      kCount = 36;
constexpr std::uint64_t kReserveStep = 1 << 20;

std::uint64_t file_size(std::int32_t slots, std::int32_t entries) {
  return kHeader + kSlot * static_cast<std::uint64_t>(slots) + kEntry * static_cast<std::uint64_t>(entries);
}

// Readers look at what the dispatcher writes. Entries are at odd places, so that only slots and header words are
// aligned to 4 bytes: the entry is complete before the slot that leads to it is stored.
std::int32_t load_word(const char* at) {
  return byteswap_if_little(std::atomic_ref<std::int32_t>(*reinterpret_cast<std::int32_t*>(const_cast<char*>(at)))
                                .load(std::memory_order_acquire));
}
void store_word(char* at, std::int32_t value) {
  std::atomic_ref<std::int32_t>(*reinterpret_cast<std::int32_t*>(at))
      .store(byteswap_if_little(value), std::memory_order_release);
}
std::int64_t load_long(const char* at) {
  return byteswap_if_little(std::atomic_ref<std::int64_t>(*reinterpret_cast<std::int64_t*>(const_cast<char*>(at)))
                                .load(std::memory_order_acquire));
}
void store_long(char* at, std::int64_t value) {
  std::atomic_ref<std::int64_t>(*reinterpret_cast<std::int64_t*>(at))
      .store(byteswap_if_little(value), std::memory_order_release);
}

}  // namespace

std::int32_t index_hash(std::int32_t java_hash) {
  if (java_hash == INT32_MIN) return 0;
  return java_hash < 0 ? -java_hash : java_hash;
}

IndexFile::IndexFile(std::string path, UniqueFd fd, char* data, std::int32_t slots, std::int32_t entries, FileOps& ops)
    : path_(std::move(path)), fd_(std::move(fd)), data_(data), slots_(slots), entries_(entries), ops_(ops) {}

IndexFile::~IndexFile() {
  ::munmap(data_, file_size(slots_, entries_));
}

Result<std::shared_ptr<IndexFile>> IndexFile::open(const std::string& path, std::int32_t slots, std::int32_t entries,
                                                   FileOps& ops) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (!fd) return fail_errno("open " + path, errno);
  struct stat info;
  if (::fstat(fd.get(), &info) != 0) return fail_errno("stat " + path, errno);
  const auto size = file_size(slots, entries);
  const auto head = std::min<std::uint64_t>(size, kHeader + kSlot * static_cast<std::uint64_t>(slots) + kReserveStep);
  if (info.st_size == 0) {
    auto status = ops.allocate(fd.get(), 0, head);
    if (status && ::ftruncate(fd.get(), static_cast<off_t>(size)) != 0) status = fail_errno("extend " + path, errno);
    if (!status) {
      ::unlink(path.c_str());
      return fail(std::move(status).error().with(path));
    }
  } else if (static_cast<std::uint64_t>(info.st_size) != size) {
    return fail(ErrorKind::kCorrupt, path + " has " + std::to_string(info.st_size) + " bytes instead of " +
                                         std::to_string(size) + " (maxHashSlotNum, maxIndexNum)");
  }
  void* data = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (data == MAP_FAILED) return fail_errno("map " + path, errno);
  ::madvise(data, size, MADV_RANDOM);
  auto file =
      std::shared_ptr<IndexFile>(new IndexFile(path, std::move(fd), static_cast<char*>(data), slots, entries, ops));
  if (info.st_size == 0) {
    file->reserved_ = head;
  }
  if (load_word(file->data_ + kCount) <= 0) store_word(file->data_ + kCount, 1);
  return file;
}

char* IndexFile::slot(std::int32_t index) const {
  return data_ + kHeader + kSlot * static_cast<std::size_t>(index);
}
char* IndexFile::entry(std::int32_t number) const {
  return data_ + kHeader + kSlot * static_cast<std::size_t>(slots_) + kEntry * static_cast<std::size_t>(number);
}
std::int64_t IndexFile::entry_physical(std::int32_t number) const {
  return load_be<std::int64_t>(entry(number) + 4);
}

std::int64_t IndexFile::begin_timestamp() const {
  return load_long(data_ + kBeginTime);
}
std::int64_t IndexFile::end_timestamp() const {
  return load_long(data_ + kEndTime);
}
std::int64_t IndexFile::end_physical() const {
  return load_long(data_ + kEndPhysical);
}
std::int32_t IndexFile::count() const {
  return std::max(1, load_word(data_ + kCount));
}

Status IndexFile::reserve(std::int32_t number) {
  const auto needed = static_cast<std::uint64_t>(entry(number) - data_) + kEntry;
  if (needed <= reserved_) return {};
  // The first call on an opened file covers the slots as well: the original leaves them sparse.
  const auto to = std::min(file_size(slots_, entries_), needed + kReserveStep);
  RMQ_CHECK_OK(ops_.allocate(fd_.get(), reserved_, to - reserved_));
  reserved_ = to;
  return {};
}

Status IndexFile::put(std::int32_t hash, std::int64_t physical, std::int64_t store_timestamp) {
  const auto number = count();
  if (number >= entries_) return fail(ErrorKind::kInternal, path_ + " is full");
  RMQ_CHECK_OK(reserve(number));
  char* const head = slot(hash % slots_);
  auto before = load_word(head);
  if (before <= 0 || before > number) before = 0;

  std::int64_t seconds = (store_timestamp - begin_timestamp()) / 1000;
  if (begin_timestamp() <= 0) seconds = 0;
  seconds = std::clamp<std::int64_t>(seconds, 0, INT32_MAX);

  char* const at = entry(number);
  store_be(at, hash);
  store_be(at + 4, physical);
  store_be(at + 12, static_cast<std::int32_t>(seconds));
  store_be(at + 16, before);
  if (number <= 1) {
    store_long(data_ + kBeginPhysical, physical);
    store_long(data_ + kBeginTime, store_timestamp);
  }
  store_long(data_ + kEndPhysical, physical);
  store_long(data_ + kEndTime, store_timestamp);
  if (before == 0) store_word(data_ + kSlotCount, load_word(data_ + kSlotCount) + 1);
  store_word(data_ + kCount, number + 1);
  store_word(head, number);
  return {};
}

bool IndexFile::overlaps(std::int64_t begin, std::int64_t end) const {
  return begin <= end_timestamp() && end >= begin_timestamp();
}

void IndexFile::select(std::int32_t hash, std::int64_t begin, std::int64_t end, std::size_t max,
                       std::vector<std::int64_t>& physical) const {
  const auto total = count();
  auto number = load_word(slot(hash % slots_));
  while (number > 0 && number < total && physical.size() < max) {
    const char* at = entry(number);
    const auto seconds = load_be<std::int32_t>(at + 12);
    if (seconds < 0) break;
    // Whole seconds: an entry may be up to one second younger than this says.
    const auto stored = begin_timestamp() + static_cast<std::int64_t>(seconds) * 1000;
    if (load_be<std::int32_t>(at) == hash && stored >= begin && stored <= end) {
      physical.push_back(load_be<std::int64_t>(at + 4));
    }
    const auto before = load_be<std::int32_t>(at + 16);
    if (before >= number || stored < begin) break;  // only ever backwards, whatever the file says
    number = before;
  }
}

std::int32_t IndexFile::entries_below(std::int64_t physical) const {
  std::int32_t number = 1;
  std::int64_t last = 0;
  for (; number < entries_; ++number) {
    const auto at = entry_physical(number);
    if (at == 0 && load_be<std::int32_t>(entry(number)) == 0) break;  // never written
    if (at < last || at >= physical) break;
    last = at;
  }
  return number;
}

Status IndexFile::rebuild(std::int32_t keep, std::int64_t begin_time) {
  RMQ_CHECK_OK(reserve(std::min(keep, entries_ - 1)));
  // A cleared slot area reads as zeros and costs nothing until it is used.
  RMQ_CHECK_OK(ops_.zero(fd_.get(), 0, kHeader + kSlot * static_cast<std::uint64_t>(slots_)));
  std::int32_t used = 0;
  for (std::int32_t number = 1; number < keep; ++number) {
    const auto hash = load_be<std::int32_t>(entry(number));
    if (hash < 0) continue;
    char* const head = slot(hash % slots_);
    const auto before = load_word(head);
    if (before == 0) ++used;
    store_be(entry(number) + 16, before);
    store_word(head, number);
  }
  set_header(begin_time, used, keep);
  return forget_behind(keep, entries_);
}

// Of entries [1, count).
void IndexFile::set_header(std::int64_t begin_time, std::int32_t slots_used, std::int32_t count) {
  const bool any = count > 1;
  store_long(data_ + kBeginTime, any ? std::max<std::int64_t>(begin_time, 0) : 0);
  store_long(data_ + kBeginPhysical, any ? entry_physical(1) : 0);
  store_long(data_ + kEndPhysical, any ? entry_physical(count - 1) : 0);
  store_long(data_ + kEndTime,
             any ? begin_timestamp() + load_be<std::int32_t>(entry(count - 1) + 12) * std::int64_t{1000} : 0);
  store_word(data_ + kSlotCount, slots_used);
  store_word(data_ + kCount, count);
}

// Nothing behind the end may be taken for an entry by the next repair.
Status IndexFile::forget_behind(std::int32_t number, std::int32_t until) {
  const auto from = static_cast<std::uint64_t>(entry(number) - data_);
  const auto to = static_cast<std::uint64_t>(entry(until) - data_);
  reserved_ = std::min(reserved_, from);
  return from < to ? ops_.punch(fd_.get(), from, to - from) : Status{};
}

Status IndexFile::truncate(std::int64_t physical) {
  const auto before = count();
  auto number = before;
  // An earlier try may have cleared some and failed.
  const auto goes = [&](std::int32_t i) {
    return entry_physical(i) >= physical || (entry_physical(i) == 0 && load_be<std::int32_t>(entry(i)) == 0);
  };
  // Each is the head of its chain when its turn comes.
  while (number > 1 && goes(number - 1)) {
    --number;
    const auto hash = load_be<std::int32_t>(entry(number));
    if (hash < 0) continue;
    char* const head = slot(hash % slots_);
    if (load_word(head) != number) continue;
    const auto previous = load_be<std::int32_t>(entry(number) + 16);
    const bool chained = previous > 0 && previous < number;
    store_word(head, chained ? previous : 0);
    if (!chained) store_word(data_ + kSlotCount, load_word(data_ + kSlotCount) - 1);
  }
  RMQ_CHECK_OK(forget_behind(number, before));
  set_header(begin_timestamp(), load_word(data_ + kSlotCount), number);
  return {};
}

Status IndexFile::sync() {
  if (::msync(data_, file_size(slots_, entries_), MS_SYNC) != 0) return fail_errno("sync " + path_, errno);
  return {};
}

}  // namespace rmq::store
