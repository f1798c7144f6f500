# Shared by the tests of this folder; sourced. Processes live in $work and end with the test; every wait has a limit.
#   background NAME COMMAND...   starts it; its output goes to $work/NAME.out
#   kill_hard NAME               kill -9 of its whole process group
#   expect, within, equal        print "PASS name" or "FAIL name reason"
work=$(mktemp -d)
failed=0
trap 'stop_all; rm -rf "$work"' EXIT

pass() { echo "PASS $1"; }
fail() { echo "FAIL $1 $(tr '\n' ' ' <<<"${2:-}" | cut -c1-400)"; failed=1; }
# expect WHAT COMMAND...: passes if the command succeeds; the reason otherwise is the end of what it printed.
expect() {
  local what=$1; shift
  if "$@" >"$work/out" 2>&1; then pass "$what"; else fail "$what" "$(tail -n 4 "$work/out")"; return 1; fi
}
# within LIMIT_S WHAT COMMAND...: passes as soon as the command succeeds.
within() {
  local limit=$1 what=$2 end; shift 2
  end=$((SECONDS + limit))
  until "$@" >"$work/out" 2>&1; do
    [ "$SECONDS" -lt "$end" ] || { fail "$what" "not within $limit s: $(tail -n 4 "$work/out")"; return 1; }
    sleep 0.2
  done
  pass "$what"
}
equal() { if [ "$2" = "$3" ]; then pass "$1"; else fail "$1" "expected '$2', got '$3'"; return 1; fi; }

background() {
  local name=$1; shift
  setsid "$@" >>"$work/$name.out" 2>&1 &
  echo $! >"$work/$name.pid"
  disown # or the shell tells of its end
}
signal() { # NAME SIGNAL
  local pid
  [ -f "$work/$1.pid" ] || return 0
  pid=$(cat "$work/$1.pid")
  kill "-$2" -- "-$pid" 2>/dev/null
}
kill_hard() {
  [ -f "$work/$1.pid" ] || return 0
  signal "$1" KILL
  rm -f "$work/$1.pid"
}
stop_all() {
  local file
  for file in "$work"/*.pid; do [ -f "$file" ] && kill_hard "$(basename "$file" .pid)"; done
}
finish() { # with KEEP_LOGS=DIR, what the processes said is kept when something failed
  local log
  if [ "$failed" = 1 ] && [ -n "${KEEP_LOGS:-}" ]; then
    mkdir -p "$KEEP_LOGS"
    cp "$work"/*.out "$KEEP_LOGS"/
    for log in "$work"/*/logs/*.log; do
      [ -f "$log" ] && cp "$log" "$KEEP_LOGS/$(basename "$(dirname "$(dirname "$log")")")-$(basename "$log")"
    done
  fi
  exit "$failed"
}

# The official administration tool. It exits with 0 whatever happens: mqadmin_ok and mqadmin_fails read what it prints.
mqadmin() {
  [ -n "${admin_path:-}" ] || admin_path="$repo/e2e/clients/java/conf:$("$repo/e2e/clients/java/build.sh" libs client)/*"
  mkdir -p "$work/admin"
  timeout 30 java -Xmx128m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Xshare:auto -Duser.home="$work/admin" \
    -Drocketmq.log.root="$work/admin" -cp "$admin_path" org.apache.rocketmq.tools.command.MQAdminStartup "$@" 2>&1
}
mqadmin_ok() {
  mqadmin "$@" | grep -vE '^\s+at ' >"$work/admin.out" # without stack traces
  cat "$work/admin.out"
  ! grep -qE 'Exception|error|fail|^usage:' "$work/admin.out"
}
mqadmin_fails() { ! mqadmin_ok "$@"; }
mqadmin_says() { local words=$1; shift; mqadmin "$@" | tr -d ' ' | tee "$work/admin.out" | grep -qF -- "$words"; }
