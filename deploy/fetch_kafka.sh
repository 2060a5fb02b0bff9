#!/usr/bin/env bash
# Fetches Apache Kafka's own libraries from Maven Central into .kafka/libs (or the folder given), for tests and
# for trying it on one machine. Needs Java and Maven; what is there already is kept.
set -euo pipefail
cd "$(dirname "$0")/.."
version="${KAFKA_VERSION:-3.9.1}"
libs="${1:-$PWD/.kafka/libs}"
if compgen -G "$libs/kafka_*-$version.jar" >/dev/null; then
    echo "Apache Kafka $version is in $libs"
    exit 0
fi
for program in java mvn; do
    command -v "$program" >/dev/null || { echo "needs $program: apt-get install default-jre-headless maven" >&2; exit 1; }
done
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
cat >"$work/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0">
  <modelVersion>4.0.0</modelVersion>
  <groupId>gatehouse</groupId><artifactId>kafka</artifactId><version>1</version><packaging>pom</packaging>
  <dependencies>
    <dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$version</version></dependency>
    <dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>1.7.36</version></dependency>
  </dependencies>
</project>
POM
mvn -q -B -f "$work/pom.xml" dependency:copy-dependencies -DincludeScope=runtime -DoutputDirectory="$work/libs"
mkdir -p "$libs"
cp "$work"/libs/*.jar "$libs/"
echo "Apache Kafka $version is in $libs ($(find "$libs" -name '*.jar' | wc -l) files)"
