#!/usr/bin/env bash
# Starts and stops the official Java controller 5.5.0 (one node), which decides who is master in controller mode.
#
#   javacontroller.sh start DIR [--port N] [--set key=value]...
#   javacontroller.sh configure DIR [the same options]    only writes the settings, for run
#   javacontroller.sh stop DIR     SIGTERM; waits for its end
#   javacontroller.sh kill DIR     SIGKILL
#   javacontroller.sh run DIR      in the foreground, with the settings of the last start or configure
#
# DIR/controller.conf holds its settings, DIR/controller its state, DIR/controller.out what it prints.
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
. "$here/servers.sh"

run_controller() {
  exec java -Xms128m -Xmx128m -XX:+UseSerialGC --add-opens=java.base/java.lang=ALL-UNNAMED -Duser.home="$dir" -Djava.io.tmpdir="$dir/tmp" \
    -Drocketmq.home.dir="$dir" -Drocketmq.log.root="$dir/logs" -Drocketmq.log.name=controller \
    -Drocketmq.log.level="${LOG_LEVEL:-warn}" -cp "$here/java/conf:$("$here/java/build.sh" libs servers)/*" \
    org.apache.rocketmq.controller.ControllerStartup -c "$dir/controller.conf"
}

# It leads a moment after it listens; code 1005 tells.
leads() { # port
  local header='{"code":1005,"language":"JAVA","version":513,"opaque":1,"flag":0}' length
  {
    exec 3<>"/dev/tcp/127.0.0.1/$1" || return 1
    printf "$(printf '\\x%02x' 0 0 0 $((${#header} + 4)) 0 0 0 ${#header})%s" "$header" >&3
    length="$(timeout 2 head -c 4 <&3 | od -An -tu4 --endian=big)"
    [ -n "$length" ] && timeout 2 head -c "$((length))" <&3 | grep -aq '"isLeader":"true"'
  } 2>/dev/null
}

configure_controller() {
  dir="$(mkdir -p "$1" && cd "$1" && pwd)"; shift
  port=9878
  local sets=()
  while [ $# -gt 0 ]; do
    case "$1" in
      --port) port="$2" ;;
      --set) sets+=("$2") ;;
      *) echo "unknown: $1" >&2; return 2 ;;
    esac
    shift 2
  done
  mkdir -p "$dir/logs" "$dir/tmp"
  {
    echo "controllerDLegerGroup=group1"
    echo "controllerDLegerPeers=n0-127.0.0.1:$port"
    echo "controllerDLegerSelfId=n0"
    echo "listenPort=$port"
    echo "controllerStorePath=$dir/controller"
    echo "mappedFileSize=1048576"
    echo "enableElectUncleanMaster=false"
    echo "notifyBrokerRoleChanged=true"
    [ ${#sets[@]} -eq 0 ] || printf '%s\n' "${sets[@]}"
  } >"$dir/controller.conf"
}

start_controller() {
  configure_controller "$@"
  setsid "$0" run "$dir" >"$dir/controller.out" 2>&1 </dev/null &
  echo $! >"$dir/controller.pid"
  await_true "$limit_s" leads "$port" || { died controller; return 1; }
}

command="${1:?start, configure, stop, kill or run}"; shift
case "$command" in
  start) start_controller "$@" ;;
  configure) configure_controller "$@" ;;
  stop) dir="$(cd "$1" && pwd)"; end_one controller TERM ;;
  kill) dir="$(cd "$1" && pwd)"; end_one controller KILL ;;
  run) dir="$1"; run_controller ;;
  *) echo "unknown: $command" >&2; exit 2 ;;
esac
