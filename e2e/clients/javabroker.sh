#!/usr/bin/env bash
# Starts and stops the official Java name server and broker 5.5.0 (what we compare ourselves with). See servers.sh.
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"
. "$here/servers.sh"

java_flags() { # heap
  echo "-Xms$1 -Xmx$1 -XX:+UseG1GC -XX:MaxDirectMemorySize=1g -Duser.home=$dir -Djava.io.tmpdir=$dir/tmp
    -Drocketmq.home.dir=$dir -Drocketmq.log.root=$dir/logs -Drocketmq.log.name=$2 -Drocketmq.log.level=${LOG_LEVEL:-warn}
    --add-exports=java.base/jdk.internal.ref=ALL-UNNAMED --add-opens=java.base/java.nio=ALL-UNNAMED
    --add-opens=java.base/sun.nio.ch=ALL-UNNAMED --add-opens=java.base/jdk.internal.misc=ALL-UNNAMED"
}

class_path() { echo "$here/java/conf:$("$here/java/build.sh" libs servers)/*"; }

start_namesrv() {
  exec java $(java_flags 256m namesrv) -cp "$(class_path)" org.apache.rocketmq.namesrv.NamesrvStartup -c "$dir/namesrv.conf"
}

start_broker() {
  exec java $(java_flags "${JAVA_BROKER_HEAP:-1g}" broker) -cp "$(class_path)" org.apache.rocketmq.broker.BrokerStartup -c "$dir/broker.conf"
}

servers_main "$@"
