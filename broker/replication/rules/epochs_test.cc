#include "broker/replication/rules/epochs.h"

#include <doctest/doctest.h>

#include <vector>

namespace rmq::replication {
namespace {

EpochList list(std::vector<EpochEntry> entries) {
  return EpochList::from_entries(std::move(entries)).value();
}

TEST_CASE("hostile epoch lists are refused") {
  CHECK(EpochList::from_entries({}).has_value());
  CHECK(EpochList::from_entries({{1, 0}, {3, 10}}).has_value());
  CHECK_FALSE(EpochList::from_entries({{1, 0}, {1, 10}}).has_value());
  CHECK_FALSE(EpochList::from_entries({{2, 0}, {1, 10}}).has_value());
  CHECK_FALSE(EpochList::from_entries({{1, 10}, {2, 10}}).has_value());
  CHECK_FALSE(EpochList::from_entries({{1, 10}, {2, 5}}).has_value());
  CHECK_FALSE(EpochList::from_entries({{-1, 0}}).has_value());
  CHECK_FALSE(EpochList::from_entries({{1, -1}}).has_value());
  std::vector<EpochEntry> many(EpochList::kMaxEntries + 1);
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = {static_cast<std::int32_t>(i), static_cast<std::int64_t>(i)};
  CHECK_FALSE(EpochList::from_entries(many).has_value());
  many.pop_back();
  CHECK(EpochList::from_entries(many).has_value());
}

TEST_CASE("an epoch without records is displaced by the next") {
  EpochList epochs;
  CHECK(epochs.append({1, 0}));
  CHECK(epochs.append({2, 100}));
  CHECK(epochs.append({3, 100}));
  CHECK(epochs == list({{1, 0}, {3, 100}}));
  CHECK_FALSE(epochs.append({3, 200}));
  CHECK_FALSE(epochs.append({4, 99}));
  CHECK_FALSE(epochs.append({4, -1}));
  CHECK(epochs == list({{1, 0}, {3, 100}}));
}

TEST_CASE("look-ups by epoch and by offset") {
  const EpochList epochs = list({{1, 10}, {3, 100}});
  CHECK(epochs.last_epoch() == 3);
  CHECK(EpochList().last_epoch() == -1);
  CHECK_FALSE(EpochList().last().has_value());
  CHECK(epochs.find(3) == EpochEntry{3, 100});
  CHECK_FALSE(epochs.find(2).has_value());
  CHECK_FALSE(epochs.at_offset(9).has_value());
  CHECK(epochs.at_offset(99)->epoch == 1);
  CHECK(epochs.at_offset(100)->epoch == 3);
  CHECK(epochs.end_of(1, 150) == 100);
  CHECK(epochs.end_of(1, 50) == 50);  // a log shorter than its list
  CHECK(epochs.end_of(3, 150) == 150);
  CHECK_FALSE(epochs.end_of(2, 150).has_value());
}

TEST_CASE("a log that is cut, or whose first files are gone, keeps the entries of what is left") {
  EpochList cut = list({{1, 0}, {3, 100}, {4, 200}});
  cut.truncate_suffix(200);
  CHECK(cut == list({{1, 0}, {3, 100}}));
  cut.truncate_suffix(101);
  CHECK(cut == list({{1, 0}, {3, 100}}));
  cut.truncate_suffix(0);
  CHECK(cut.empty());

  EpochList rest = list({{1, 0}, {3, 100}, {4, 200}});
  rest.truncate_prefix(99);
  CHECK(rest.entries().size() == 3);
  rest.truncate_prefix(100);
  CHECK(rest == list({{3, 100}, {4, 200}}));
  rest.truncate_prefix(5000);
  CHECK(rest == list({{4, 200}}));
}

TEST_CASE("two logs agree up to where an epoch that both have ends first") {
  const EpochList master = list({{1, 0}, {3, 100}});
  CHECK(agreement_point(list({{1, 0}, {3, 100}}), 150, master, 120) == 120);
  CHECK(agreement_point(list({{1, 0}, {3, 100}}), 110, master, 120) == 110);
  CHECK(agreement_point(list({{1, 0}, {2, 80}}), 150, master, 120) == 80);
  CHECK(agreement_point(list({{1, 0}, {2, 130}}), 150, master, 120) == 100);
  CHECK(agreement_point(list({{1, 0}}), 150, master, 120) == 100);
  CHECK_FALSE(agreement_point(list({{1, 5}}), 150, master, 120).has_value());
  CHECK_FALSE(agreement_point(EpochList(), 150, master, 120).has_value());
}

}  // namespace
}  // namespace rmq::replication
