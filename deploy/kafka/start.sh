#!/bin/sh
# Starts Apache Kafka from its libraries, in a container, under systemd or by hand; makes its data folder first.
#   KAFKA_LIBS       the folder of its jars (deploy/fetch_kafka.sh brings them; in its image /opt/kafka/libs)
#   KAFKA_DATA       its data folder
#   KAFKA_LISTEN     host:port where it listens (127.0.0.1:9092)
#   KAFKA_ADVERTISE  host:port by which others reach it (the same)
#   KAFKA_CONTROLLER the port of its controller, on the loopback address (9093)
#   KAFKA_HEAP       Java's memory (512m)
set -eu
here="$(cd "$(dirname "$0")" && pwd)"
libs="${KAFKA_LIBS:?set it to the folder of the jars of Kafka}"
data="${KAFKA_DATA:?set it to the data folder of Kafka}"
listen="${KAFKA_LISTEN:-127.0.0.1:9092}"
mkdir -p "$data"
properties="$data/kafka.properties"
sed -e "s|@LISTEN@|$listen|" -e "s|@ADVERTISE@|${KAFKA_ADVERTISE:-$listen}|" \
    -e "s|@CONTROLLER@|${KAFKA_CONTROLLER:-9093}|g" -e "s|@DATA@|$data/log|" \
    "$here/kafka.properties" >"$properties"
set -- -cp "$libs/*" "-Xmx${KAFKA_HEAP:-512m}" "-Djava.io.tmpdir=$data" \
    "-Dlog4j.configuration=file:$here/log4j.properties" -Dorg.slf4j.simpleLogger.defaultLogLevel=warn
# The id of the cluster only has to stay the same; a folder that has one is left as it is.
[ -f "$data/log/meta.properties" ] ||
    java "$@" kafka.tools.StorageTool format -t Z2F0ZWhvdXNlLWthZmthMQ -c "$properties" >/dev/null
exec java "$@" kafka.Kafka "$properties"
