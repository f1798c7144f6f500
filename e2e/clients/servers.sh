# Shared by javabroker.sh and ourbroker.sh: one name server and one broker that live in one folder.
# The including script defines start_namesrv and start_broker, which exec the process in the foreground.
#
#   X start DIR [--namesrv-port N] [--broker-port N] [--set key=value]... [--only namesrv|broker]
#   X configure DIR [the same options]    only writes the settings, for run
#   X stop DIR      SIGTERM to the broker, then to the name server; waits for both
#   X kill DIR      SIGKILL to the broker, SIGTERM to the name server
#   X run DIR namesrv|broker    in the foreground, with the settings of the last start
#
# DIR/store is the broker's store, DIR/broker.conf its settings, DIR/*.out what the processes print.
set -euo pipefail

limit_s="${LIMIT_S:-120}"

await_true() { # seconds, then a command
  local end=$((SECONDS + $1)); shift
  until "$@"; do
    [ "$SECONDS" -lt "$end" ] || return 1
    sleep 0.1
  done
}

alive() { kill -0 "$1" 2>/dev/null; }
gone() { ! alive "$1"; }

# Asks the name server for its brokers (code 106) and looks for ours.
registered() { # name server port, broker address
  local header='{"code":106,"language":"JAVA","version":513,"opaque":1,"flag":0}' length
  {
    exec 3<>"/dev/tcp/127.0.0.1/$1" || return 1
    printf "$(printf '\\x%02x' 0 0 0 $((${#header} + 4)) 0 0 0 ${#header})%s" "$header" >&3
    length="$(timeout 2 head -c 4 <&3 | od -An -tu4 --endian=big)"
    [ -n "$length" ] && timeout 2 head -c "$((length))" <&3 | grep -aq "$2"
  } 2>/dev/null
}

listening() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

write_conf() {
  cat <<CONF
brokerClusterName=DefaultCluster
brokerName=broker-a
brokerId=0
brokerIP1=127.0.0.1
listenPort=$broker_port
namesrvAddr=127.0.0.1:$namesrv_port
storePathRootDir=$dir/store
storePathCommitLog=$dir/store/commitlog
mappedFileSizeCommitLog=67108864
autoCreateTopicEnable=true
autoCreateSubscriptionGroup=true
brokerRole=ASYNC_MASTER
flushDiskType=ASYNC_FLUSH
diskMaxUsedSpaceRatio=95
adminPort=0
CONF
}

launch() { # namesrv|broker
  setsid "$0" run "$dir" "$1" >"$dir/$1.out" 2>&1 </dev/null &
  echo $! >"$dir/$1.pid"
}

died() { echo "$1 did not start:" >&2; tail -20 "$dir/$1.out" >&2; return 1; }

configure() {
  dir="$(mkdir -p "$1" && cd "$1" && pwd)"; shift
  namesrv_port=9876 broker_port=10911
  only=""
  local sets=()
  while [ $# -gt 0 ]; do
    case "$1" in
      --namesrv-port) namesrv_port="$2" ;;
      --broker-port) broker_port="$2" ;;
      --set) sets+=("$2") ;;
      --only) only="$2" ;;
      *) echo "unknown: $1" >&2; return 2 ;;
    esac
    shift 2
  done
  mkdir -p "$dir/logs" "$dir/tmp"
  write_conf >"$dir/broker.conf"
  [ ${#sets[@]} -eq 0 ] || printf '%s\n' "${sets[@]}" >>"$dir/broker.conf"
  printf 'adminPort=0\nlistenPort=%s\nkvConfigPath=%s\nconfigStorePath=%s\nrocketmqHome=%s\n' "$namesrv_port" \
    "$dir/namesrv/kvConfig.json" "$dir/namesrv/namesrv.properties" "$dir" >"$dir/namesrv.conf"
  echo "$namesrv_port $broker_port" >"$dir/ports"
}

start() {
  configure "$@"
  if [ "$only" != broker ]; then
    launch namesrv
    await_true "$limit_s" listening "$namesrv_port" || { died namesrv; return 1; }
  fi
  if [ "$only" != namesrv ]; then
    launch broker
    await_true "$limit_s" registered "$namesrv_port" "127.0.0.1:$broker_port" || { died broker; return 1; }
  fi
}

end_one() { # name, signal
  local file="$dir/$1.pid" pid
  [ -f "$file" ] || return 0
  pid="$(cat "$file")"
  if alive "$pid"; then
    kill "-$2" "$pid"
    await_true "$limit_s" gone "$pid" || { echo "$1 ($pid) does not end" >&2; return 1; }
  fi
  rm -f "$file"
}

servers_main() {
  local command="${1:?start, stop, kill or run}"; shift
  case "$command" in
    start|configure) "$command" "$@" ;;
    stop|kill)
      dir="$(cd "$1" && pwd)"
      if [ "$command" = kill ]; then end_one broker KILL; else end_one broker TERM; fi
      end_one namesrv TERM
      ;;
    run) dir="$1"; read -r namesrv_port broker_port <"$dir/ports"; "start_$2" ;;
    *) echo "unknown: $command" >&2; return 2 ;;
  esac
}
