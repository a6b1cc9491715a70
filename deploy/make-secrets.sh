#!/usr/bin/env bash
# Makes the passwords of docker-compose.yml at the first start; later starts change nothing.
# Each folder is a volume of its own, which nobody else has.
set -euo pipefail
umask 077
cd "${1:-/secrets}"
mkdir -p postgres redis nodes agent

random() { head -c 32 /dev/urandom | base64 | tr -d '\n=' | tr '+/' '-_'; }

# keep FILE TEXT: writes it, unless it is there.
keep() {
  [ -s "$1" ] || { printf '%s' "$2" >"$1.new" && mv "$1.new" "$1"; }
}

keep postgres/password "$(random)"
keep redis/password "$(random)"
keep nodes/Operone__Setup__EnrollmentToken "ope_$(random)"
keep nodes/ConnectionStrings__Operone "Host=postgres;Database=operone;Username=operone;Password=$(cat postgres/password);GSS Encryption Mode=Disable"
keep nodes/ConnectionStrings__Redis "redis:6379,password=$(cat redis/password)"
keep agent/enrollment-token "$(cat nodes/Operone__Setup__EnrollmentToken)"

# own FOLDER USER: that user reads it, and nobody else does.
own() {
  chown -R "$2:$2" "$1"
  chmod 0500 "$1"
  chmod 0400 "$1"/*
}

own postgres 999 # in the images of PostgreSQL and of Redis
own redis 999
own nodes 1654 # `app` in .NET's images
own agent 1654 # Operone.Agent/Dockerfile
