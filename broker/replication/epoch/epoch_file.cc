#include "broker/replication/epoch/epoch_file.h"

#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <filesystem>

#include "broker/replication/rules/slave_rules.h"
#include "common/base/crc32.h"
#include "common/base/file.h"
#include "common/base/log.h"

namespace rmq::replication {
namespace {

// Takes the next line; a last one without line feed counts, too.
std::string_view take_line(std::string_view& text) {
  const auto end = text.find('\n');
  auto line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

template <class T>
bool parse_number(std::string_view text, T& number) {
  auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && rest == text.data() + text.size();
}

Result<EpochList> read_epochs(const std::string& path) {
  RMQ_TRY(const auto text, read_file(path, EpochList::kMaxEntries * 40));
  if (text.empty()) return EpochList();
  auto epochs = parse_epochs(text);
  if (!epochs) return fail(std::move(epochs).error().with(path));
  return epochs;
}

Status remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return fail_errno("remove " + path, errno);
  return {};
}

}  // namespace

std::string format_epochs(const EpochList& epochs) {
  std::string lines;
  for (const auto& entry : epochs.entries()) {
    lines += std::to_string(entry.epoch) + '-' + std::to_string(entry.start) + '\n';
  }
  return std::to_string(epochs.entries().size()) + '\n' + std::to_string(crc32_positive(lines)) + '\n' + lines;
}

Result<EpochList> parse_epochs(std::string_view text) {
  std::size_t count = 0;
  std::int32_t checksum = 0;
  if (!parse_number(take_line(text), count) || !parse_number(take_line(text), checksum)) {
    return fail(ErrorKind::kInvalid, "no count and checksum at the start");
  }
  if (count > EpochList::kMaxEntries) return fail(ErrorKind::kInvalid, "too many epochs");
  if (checksum != 0 && checksum != crc32_positive(text)) return fail(ErrorKind::kInvalid, "wrong checksum");
  std::vector<EpochEntry> entries;
  while (!text.empty()) {
    const auto line = take_line(text);
    const auto dash = line.find('-');
    EpochEntry entry;
    if (dash == std::string_view::npos || !parse_number(line.substr(0, dash), entry.epoch) ||
        !parse_number(line.substr(dash + 1), entry.start)) {
      return fail(ErrorKind::kInvalid, "a line is not epoch-start");
    }
    entries.push_back(entry);
  }
  if (entries.size() != count) return fail(ErrorKind::kInvalid, "the count is wrong");
  return EpochList::from_entries(std::move(entries));
}

Status EpochStore::load(std::int64_t log_end) {
  EpochList stored;
  auto read = read_epochs(path_);
  if (read && !read->empty()) {
    stored = std::move(*read);
  } else {
    if (!read && read.error().kind == ErrorKind::kIo) return fail(std::move(read).error());
    auto backup = read_epochs(path_ + ".bak");
    if (backup) stored = std::move(*backup);
    const bool damaged = !read && read.error().kind != ErrorKind::kNotFound;
    if (damaged) log::error("epoch file damaged", {{"error", read.error()}, {"from_backup", backup.has_value()}});
  }
  std::lock_guard lock(mutex_);
  list_ = SlaveRules::mend_at_start(std::move(stored), log_end);
  return {};
}

EpochList EpochStore::list() const {
  std::lock_guard lock(mutex_);
  return list_;
}

std::int32_t EpochStore::last_epoch() const {
  std::lock_guard lock(mutex_);
  return list_.last_epoch();
}

Status EpochStore::append(EpochEntry entry) {
  std::lock_guard writing(write_mutex_);
  auto epochs = list();
  if (!epochs.append(entry)) {
    return fail(ErrorKind::kConflict, "epoch " + std::to_string(entry.epoch) + " from " + std::to_string(entry.start) +
                                          " does not follow epoch " + std::to_string(epochs.last_epoch()));
  }
  return write(std::move(epochs));
}

Status EpochStore::replace(const EpochList& epochs) {
  std::lock_guard writing(write_mutex_);
  if (epochs == list()) return {};
  return write(epochs);
}

Status EpochStore::truncate_prefix(std::int64_t min_offset) {
  std::lock_guard writing(write_mutex_);
  auto epochs = list();
  const auto before = epochs.entries().size();
  epochs.truncate_prefix(min_offset);
  if (epochs.entries().size() == before) return {};
  return write(std::move(epochs));
}

Status EpochStore::write(EpochList epochs) {
  if (epochs.empty()) {
    // The original cannot write an empty list and would take the backup for an empty file.
    RMQ_CHECK_OK(remove_file(path_ + ".bak"));
    RMQ_CHECK_OK(remove_file(path_));
    auto directory = std::filesystem::path(path_).parent_path().string();
    RMQ_CHECK_OK(sync_directory(directory.empty() ? "." : directory));
  } else {
    RMQ_CHECK_OK(replace_file(path_, format_epochs(epochs)));
  }
  std::lock_guard lock(mutex_);
  list_ = std::move(epochs);
  return {};
}

}  // namespace rmq::replication
