#!/usr/bin/env bash
# Makes the passwords of docker-compose.yml at the first start; later starts change nothing.
set -euo pipefail
umask 077
mkdir -p /secrets/private /secrets/operone

random() { head -c 32 /dev/urandom | base64 | tr -d '\n=' | tr '+/' '-_'; }

# keep FILE TEXT: writes it, unless it is there.
keep() {
  [ -s "$1" ] || { printf '%s' "$2" >"$1.new" && mv "$1.new" "$1"; }
}

keep /secrets/private/postgres-password "$(random)"
keep /secrets/private/redis-password "$(random)"
keep /secrets/operone/Operone__Setup__EnrollmentToken "ope_$(random)"
keep /secrets/operone/ConnectionStrings__Operone \
  "Host=postgres;Database=operone;Username=operone;Password=$(cat /secrets/private/postgres-password)"
keep /secrets/operone/ConnectionStrings__Redis "redis:6379,password=$(cat /secrets/private/redis-password)"

# The agent gets its token and nothing else.
if [ -d /enrollment ]; then
  keep /enrollment/Operone__Setup__EnrollmentToken "$(cat /secrets/operone/Operone__Setup__EnrollmentToken)"
  chmod 0755 /enrollment && chmod 0444 /enrollment/*
fi

# PostgreSQL and Redis (999) and the nodes (1654, the user `app` of .NET's images) read what is theirs, and nobody else does.
chmod 0711 /secrets
chown -R 999 /secrets/private
chown -R 1654 /secrets/operone
chmod 0500 /secrets/private /secrets/operone
chmod 0400 /secrets/private/* /secrets/operone/*
