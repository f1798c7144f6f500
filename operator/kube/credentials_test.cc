#include <doctest/doctest.h>

#include <cstdio>
#include <fstream>

#include "common/testing/temp_dir.h"
#include "operator/kube/credentials.h"

using namespace rmq;
using namespace rmq::kube;

namespace {
void write(const std::string& path, std::string_view text) {
  std::ofstream(path) << text;
}
}  // namespace

TEST_CASE("credentials: the token is read again each minute, and soon after a doubt") {
  testing::TempDir dir;
  ClientConfig config;
  config.token.path = dir / "token";
  ManualClock clock;
  Credentials credentials(config, clock);
  CHECK_FALSE(credentials.current());

  write(dir / "token", "one\n");
  REQUIRE(credentials.current());
  CHECK(credentials.current()->token == "one");
  write(dir / "token", "two");
  clock.advance(59'000);
  CHECK(credentials.current()->token == "one");
  clock.advance(1'000);
  CHECK(credentials.current()->token == "two");

  write(dir / "token", "three");
  credentials.doubt();
  CHECK(credentials.current()->token == "two");  // a storm of 401 does not read the file each time
  clock.advance(1'000);
  CHECK(credentials.current()->token == "three");

  std::remove((dir / "token").c_str());
  clock.advance(60'000);
  REQUIRE(credentials.current());
  CHECK(credentials.current()->token == "three");
}

TEST_CASE("credentials: a changed authority is a new generation") {
  testing::TempDir dir;
  ClientConfig config;
  config.ca.path = dir / "ca";
  write(dir / "ca", "A");
  ManualClock clock;
  Credentials credentials(config, clock);
  CHECK(credentials.current()->tls_generation == 1);
  clock.advance(60'000);
  CHECK(credentials.current()->tls_generation == 1);
  write(dir / "ca", "B");
  clock.advance(60'000);
  CHECK(credentials.current()->tls_generation == 2);
  CHECK(credentials.current()->tls.ca == "B");
}

TEST_CASE("credentials: a token cannot end its header line") {
  ClientConfig config;
  ManualClock clock;
  config.token.bytes = "a\r\nX-Remote-User: admin";
  CHECK(Credentials(config, clock).current().error().kind == ErrorKind::kInvalid);
}
