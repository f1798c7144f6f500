#include <doctest/doctest.h>

#include "operator/kube/api_error.h"

using namespace rmq;
using namespace rmq::kube;

TEST_CASE("api error: the server's words are kept") {
  const auto error =
      to_error(409, R"({"kind":"Status","reason":"Conflict","message":"the object has been modified"})", "PUT /x");
  CHECK(error.kind == ErrorKind::kConflict);
  CHECK(error.message == "PUT /x: Conflict: the object has been modified");
  CHECK_FALSE(is_already_exists(error));
  CHECK(is_already_exists(
      to_error(409, R"({"reason":"AlreadyExists","message":"pods \"a\" already exists"})", "POST /x")));
}

TEST_CASE("api error: answers that are no Status, of a proxy for one") {
  CHECK(to_error(502, "<html>", "GET /x").message == "GET /x: HTTP 502: <html>");
  CHECK(to_error(503, "", "GET /x").message == "GET /x: HTTP 503");
  CHECK(to_error(500, std::string(100'000, 'x'), "GET /x").message.size() < 3000);
}

TEST_CASE("api error: kinds") {
  CHECK(kind_of_status(400) == ErrorKind::kInvalid);
  CHECK(kind_of_status(401) == ErrorKind::kDenied);
  CHECK(kind_of_status(403) == ErrorKind::kDenied);
  CHECK(kind_of_status(404) == ErrorKind::kNotFound);
  CHECK(kind_of_status(410) == ErrorKind::kUnavailable);
  CHECK(kind_of_status(415) == ErrorKind::kUnsupported);
  CHECK(kind_of_status(422) == ErrorKind::kInvalid);
  CHECK(kind_of_status(429) == ErrorKind::kUnavailable);
  CHECK(kind_of_status(503) == ErrorKind::kUnavailable);
  CHECK(kind_of_status(504) == ErrorKind::kTimeout);
  CHECK(kind_of_status(302) == ErrorKind::kInternal);
}
