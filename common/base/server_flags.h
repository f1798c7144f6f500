// The command line of the original's servers: -c FILE, -n ADDRESS, -p, -h; and their end by signal.
#pragma once

#include <string>

#include "common/base/properties_text.h"
#include "common/base/result.h"

namespace rmq {

struct ServerFlags {
  std::string file;          // -c, --configFile
  std::string namesrv_addr;  // -n, --namesrvAddr
  bool print = false;        // -p, --printConfigItem (also -m, the important ones only: here all)
  bool help = false;         // -h, --help
};

// kInvalid names what is wrong.
Result<ServerFlags> parse_server_flags(int count, char** values);

// The settings in flags.file; empty without a file.
Result<Properties> read_server_settings(const ServerFlags& flags);

// Blocks SIGTERM and SIGINT in this thread and those it starts later, and ignores SIGPIPE: call before any thread is
// started. wait() returns the first of the two that comes.
class StopSignal {
 public:
  StopSignal();
  int wait() const;
};

}  // namespace rmq
