// Which observations become Kubernetes Events. A reconciler says the same thing on every pass; the API hears it once.
// No I/O, no clock. Not thread-safe. Memory is bounded: the least recently seen entries are forgotten first.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <string>
#include <unordered_map>

namespace rmq::kube {

struct EventLimits {
  // The same fact seen again within this time of its last sighting is no news; after a longer silence it happened anew
  // and counts one more.
  std::int64_t silence_ms = 600'000;
  // Writes for one object: this many at once, then one each refill.
  int burst = 25;
  std::int64_t refill_ms = 300'000;
  std::size_t max_entries = 1024;
};

struct EventFact {
  std::string object;  // its uid, or whatever names it
  std::string type;    // "Normal" or "Warning"
  std::string reason;  // CamelCase
  std::string note;
};

struct EventVerdict {
  enum class What { kNothing, kCreate, kCount };
  What what = What::kNothing;
  std::string name;  // kCount: the Event object made before
  std::int64_t count = 1;
};

class EventRules {
 public:
  explicit EventRules(EventLimits limits = {}) : limits_(limits) {}

  // `name` is what a new Event object would be called.
  EventVerdict observe(const EventFact& fact, const std::string& name, std::int64_t now_ms);
  // The write failed, or the Event has expired on the server: the next sighting writes it anew.
  void forget(const EventFact& fact);

  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    std::string key;
    std::string name;
    std::int64_t count = 1;
    std::int64_t seen_ms = 0;
  };
  struct Budget {
    double left;
    std::int64_t at_ms;
  };
  bool spend(const std::string& object, std::int64_t now_ms);

  const EventLimits limits_;
  std::list<Entry> entries_;  // the one seen last at the front
  std::unordered_map<std::string, std::list<Entry>::iterator> by_key_;
  std::unordered_map<std::string, Budget> budgets_;
};

}  // namespace rmq::kube
