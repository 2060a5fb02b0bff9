#!/usr/bin/env bash
# Makes the secrets of a deployment in a folder (default: deploy/secrets), once: what is there is kept.
#   postgres-password   the database's password
#   database            the URL with it, for every Gatehouse role (GATEHOUSE_DATABASE_FILE)
#   grafana-password    the first sign-in to Grafana, user admin
# The files can be read by whoever may enter the folder, since the roles in containers have users of their own;
# only the folder's owner may enter it. GATEHOUSE_POSTGRES is the database's host (default: postgres).
set -euo pipefail
folder="${1:-$(dirname "$0")/secrets}"
host="${GATEHOUSE_POSTGRES:-postgres}"
umask 077
mkdir -p "$folder"
chmod 0700 "$folder"
secret() { head -c 32 /dev/urandom | od -An -tx1 | tr -d ' \n'; }
put() { # a file's name, what it holds
    if [ -s "$folder/$1" ]; then
        echo "kept $folder/$1"
        return
    fi
    printf '%s' "$2" >"$folder/$1.new"
    chmod 0444 "$folder/$1.new"
    mv "$folder/$1.new" "$folder/$1"
    echo "made $folder/$1"
}
put postgres-password "$(secret)"
put database "postgresql://gatehouse:$(cat "$folder/postgres-password")@$host/gatehouse"
put grafana-password "$(secret)"
