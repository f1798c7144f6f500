#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "operator/kube/object_cache.h"

using namespace rmq::kube;
using nlohmann::json;

namespace {
ObjectPtr object(const char* ns, const char* name, const char* version, const char* uid = "u") {
  return std::make_shared<const json>(
      json{{"metadata", {{"namespace", ns}, {"name", name}, {"resourceVersion", version}, {"uid", uid}}}});
}
}  // namespace

TEST_CASE("cache: put and remove tell old and new") {
  ObjectCache cache;
  auto added = cache.put(object("a", "x", "1"));
  REQUIRE(added.size() == 1);
  CHECK(added[0].before == nullptr);
  CHECK(cache.put(object("a", "x", "1")).empty());
  auto updated = cache.put(object("a", "x", "2"));
  REQUIRE(updated.size() == 1);
  CHECK(updated[0].before == added[0].after);
  CHECK(cache.put(object("a", "x", "2", "other")).size() == 1);
  auto removed = cache.remove({"a", "x"});
  REQUIRE(removed.size() == 1);
  CHECK(removed[0].after == nullptr);
  CHECK(cache.remove({"a", "x"}).empty());
  CHECK(cache.size() == 0);
}

TEST_CASE("cache: a new list finds what was added, changed and deleted meanwhile, and nothing else") {
  ObjectCache cache;
  cache.replace({object("a", "gone", "1"), object("a", "same", "2"), object("b", "changed", "3")});
  const auto same = cache.get({"a", "same"});
  const auto changes = cache.replace({object("a", "same", "2"), object("b", "changed", "4"), object("b", "new", "5")});
  REQUIRE(changes.size() == 3);
  CHECK(key_of(*changes[0].before).name == "gone");
  CHECK(changes[0].after == nullptr);
  CHECK(key_of(*changes[1].after).name == "changed");
  CHECK(changes[1].before != nullptr);
  CHECK(key_of(*changes[2].after).name == "new");
  CHECK(cache.get({"a", "same"}) == same);
}

TEST_CASE("cache: lists by namespace") {
  ObjectCache cache;
  cache.replace({object("b", "x", "1"), object("a", "y", "1"), object("a", "x", "1"), object("ab", "x", "1")});
  CHECK(cache.list().size() == 4);
  const auto of_a = cache.list("a");
  REQUIRE(of_a.size() == 2);
  CHECK(key_of(*of_a[0]).name == "x");
  CHECK(cache.list("none").empty());
}
