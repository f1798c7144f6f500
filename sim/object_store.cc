#include "sim/object_store.h"

#include <utility>

namespace rmq::sim {

bool ObjectStore::apply(std::uint64_t expected, const std::optional<election::GroupState>& next) {
  if (object_.version != expected) return false;
  auto before = std::exchange(object_.state, next);
  ++object_.version;
  changed_(before, object_.state);
  return true;
}

void ObjectStore::write(std::uint64_t expected, std::optional<election::GroupState> next, Written written) {
  scheduler_.after(random_.between(2, 25), [this, expected, next = std::move(next), written = std::move(written)] {
    const bool failing = scheduler_.now() < until_ || (!calm_ && random_.chance(1));
    if (!failing) {
      const bool done = apply(expected, next);
      scheduler_.after(random_.between(1, 10), [done, actual = object_, written] {
        written(done ? election::WriteResult::kOk : election::WriteResult::kConflict, actual);
      });
      return;
    }
    // An error says nothing: it was done, or it will be, or never.
    const auto what = random_.between(0, 2);
    if (what == 0) apply(expected, next);
    if (what == 1) scheduler_.after(random_.between(50, 4000), [this, expected, next] { apply(expected, next); });
    scheduler_.after(random_.between(5, 1500), [written] { written(election::WriteResult::kError, {}); });
  });
}

}  // namespace rmq::sim
