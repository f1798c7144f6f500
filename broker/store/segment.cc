#include "broker/store/segment.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

namespace rmq::store {
namespace {

constexpr std::uint64_t kPage = 4096;

}  // namespace

Result<std::shared_ptr<Segment>> Segment::open(const std::string& path, std::uint64_t start, std::uint64_t size) {
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  if (!fd) return fail_errno("open " + path, errno);
  struct stat info;
  if (::fstat(fd.get(), &info) != 0) return fail_errno("stat " + path, errno);
  if (static_cast<std::uint64_t>(info.st_size) != size) {
    return fail(ErrorKind::kCorrupt, path + " has " + std::to_string(info.st_size) + " bytes instead of " +
                                         std::to_string(size) + " (mapedFileSizeCommitLog)");
  }
  void* data = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd.get(), 0);
  if (data == MAP_FAILED) return fail_errno("map " + path, errno);
  return std::shared_ptr<Segment>(new Segment(path, start, size, std::move(fd), static_cast<const char*>(data)));
}

Segment::~Segment() {
  ::munmap(const_cast<char*>(data_), size_);
}

void Segment::forget(std::uint64_t from, std::uint64_t to) const {
  const auto begin = (from - start_ + kPage - 1) / kPage * kPage;
  const auto end = (std::min(to, this->end()) - start_) / kPage * kPage;
  if (begin < end) ::madvise(const_cast<char*>(data_) + begin, end - begin, MADV_DONTNEED);
}

bool Segment::resident(std::uint64_t from, std::uint64_t to) const {
  const auto begin = (from - start_) / kPage * kPage;
  const auto end = std::min((to - start_ + kPage - 1) / kPage * kPage, size_);
  if (begin >= end) return true;
  unsigned char pages[256];
  for (auto at = begin; at < end;) {
    const auto part = std::min<std::uint64_t>(end - at, sizeof pages * kPage);
    if (::mincore(const_cast<char*>(data_) + at, part, pages) != 0) return true;
    const auto count = (part + kPage - 1) / kPage;
    if (!std::all_of(pages, pages + count, [](unsigned char page) { return (page & 1) != 0; })) return false;
    at += part;
  }
  return true;
}

}  // namespace rmq::store
