#!/usr/bin/env bash
# Fails when an #include points upward in the layout: each folder may include itself and the folders it is allowed below.
# Usage: scripts/check-layering.sh [ROOT]
set -euo pipefail
cd "${1:-.}"
bad=0
# check FOLDER ALLOWED...: every project include in FOLDER must start with FOLDER or one of ALLOWED.
check() {
  local folder=$1 allowed
  [ -d "$folder" ] || return 0
  allowed=$(printf '%s|' "$@"); allowed=${allowed%|}
  local found
  found=$(grep -rnE '^#include "(common|namesrv|broker|operator|controller|cli|bench|sim|proxy|console)/' "$folder" --include='*.h' --include='*.cc' \
    | grep -vE "#include \"($allowed|common/testing)/" || true)
  if [ -n "$found" ]; then
    printf 'includes pointing upward from %s:\n%s\n' "$folder" "$found"
    bad=1
  fi
}
check common/base
check common/testing
check common/protocol common/base
check common/remoting common/protocol common/base
check common/http common/base
check namesrv common
check broker/store common/base common/protocol
check broker common
check operator/kube common/base
check operator/api common/base
check operator/build operator/api common/base
check operator/election common
check operator/controller operator/election common
check operator common
check controller operator/controller operator/election common
check broker/replication/rules common/base
check sim common broker/replication/rules operator/election
check bench common
exit $bad
