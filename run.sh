#!/usr/bin/env bash
# Builds Operone, starts it, and makes this machine its first device. Ctrl+C stops all of it.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/setup.sh
. "$root/scripts/setup.sh"

usage() {
  cat <<'TEXT'
usage: ./run.sh [--recover-owner EMAIL]

Builds what changed, starts the console on http://localhost:5080, enrols this machine as the first device, and prints a
one-time address at which the owner's account is made. Ctrl+C stops all of it; the next ./run.sh continues with the
same data. Commands that run on this machine then go on by themselves, and are picked up again.

  OPERONE_URL=http://localhost:5081 ./run.sh     another address (ASPNETCORE_URLS does too)
  Operone__DataDirectory=/srv/operone ./run.sh   another place for the data than .operone/
  ConnectionStrings__Operone='Host=...' ./run.sh PostgreSQL instead of the embedded database

  ./run.sh --recover-owner EMAIL                 prints a one-time address that lets an owner back in who lost every way in;
                                                 the console may run meanwhile

All options: docs/operations.md. To start from nothing: stop it and delete .operone/.
TEXT
}

recover=
case ${1:-} in
  '') ;;
  -h | --help) usage; exit 0 ;;
  --recover-owner)
    [ $# = 2 ] || { usage >&2; exit 2; }
    recover=$2
    ;;
  *) usage >&2; exit 2 ;;
esac

urls=${OPERONE_URL:-${ASPNETCORE_URLS:-http://localhost:5080}}
data=${Operone__DataDirectory:-$root/.operone}
mkdir -p "$data/logs" || exit 1
data=$(cd "$data" && pwd)
server_log=$data/logs/server.log
agent_log=$data/logs/agent.log

# The address to reach it at from here: the first one, with a name instead of "any".
url=${urls%%;*}
url=${url%/}
[[ $url =~ ^(https?)://(\[[^]]*\]|[^:/]+)(:([0-9]+))?$ ]] || fail "'$url' is not an address such as http://localhost:5080"
scheme=${BASH_REMATCH[1]} host=${BASH_REMATCH[2]} port=${BASH_REMATCH[4]:-}
[ -n "$port" ] || { [ "$scheme" = https ] && port=443 || port=80; }
case $host in '*' | + | 0.0.0.0 | '[::]') host=localhost ;; esac
url=$scheme://$host:$port

if [ -n "$recover" ]; then
  need_sdk
  lock_artifacts
  publish_web
  unlock_artifacts
  cd "$artifacts/web" || exit 1
  ASPNETCORE_URLS=$url Operone__DataDirectory=$data exec dotnet operone-web.dll recover-owner "$recover"
fi

if [ -f "$data/run.pid" ] && kill -0 "$(cat "$data/run.pid")" 2>/dev/null && [ "$(cat "$data/run.pid")" != $$ ]; then
  fail "Operone already runs with the data in $data (process $(cat "$data/run.pid")). Stop it first, or choose another place with Operone__DataDirectory"
fi
taken() { (exec 3<>"/dev/tcp/$1/$port") 2>/dev/null; }
if taken 127.0.0.1 || { [ "$host" != 127.0.0.1 ] && taken ::1; }; then
  fail "$url is taken by another program. Choose another address: OPERONE_URL=http://localhost:$((port + 1)) ./run.sh"
fi

need_sdk
need curl curl || fail "curl is missing"
lock_artifacts
publish_web
publish_agent
unlock_artifacts
agent=$(agent_path)

server_pid='' agent_pid='' follow_pids=()

# ended PID SECONDS: waits for a process to end, but not for ever.
ended() {
  local until=$((SECONDS + $2))
  while kill -0 "$1" 2>/dev/null; do
    [ $SECONDS -lt $until ] || return 1
    sleep 0.1
  done
}
end() {
  [ -n "$1" ] || return 0
  kill -TERM "$1" 2>/dev/null
  ended "$1" 15 || kill -KILL "$1" 2>/dev/null
}
stop() {
  trap '' INT TERM
  trap - EXIT
  [ -z "$server_pid" ] || say "stopping"
  end "$agent_pid"
  end "$server_pid"
  local pid
  for pid in "${follow_pids[@]}"; do kill "$pid" 2>/dev/null; done
  rm -f "$data/run.pid"
  wait 2>/dev/null
  exit "${1:-0}"
}
trap 'stop 0' INT TERM
trap 'stop 1' EXIT
printf '%s\n' $$ >"$data/run.pid"

identity=$data/agent/identity.json
enrolled() { [ -s "$identity" ]; }

token=
enrolled || token=ope_$(head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n')

say "starting the control plane at $url"
: >"$server_log"
: >"$agent_log"
# In sessions of their own, so that Ctrl+C reaches this script alone and all ends in order.
(
  cd "$artifacts/web" || exit 1
  export ASPNETCORE_URLS=$urls Operone__DataDirectory=$data Operone__AgentsDirectory=$artifacts/agents
  [ -z "$token" ] || export Operone__Setup__EnrollmentToken=$token
  exec setsid dotnet operone-web.dll
) >>"$server_log" 2>&1 </dev/null &
server_pid=$!

for ((i = 0; ; i++)); do
  if ! kill -0 "$server_pid" 2>/dev/null; then
    server_pid=
    cat "$server_log" >&2
    say "the control plane did not start; its log is above"
    stop 1
  fi
  if curl -fsk -o /dev/null --max-time 5 "$url/health/ready" 2>/dev/null; then break; fi
  if [ $i -ge 600 ]; then
    tail -n 30 "$server_log" >&2
    say "the control plane is not ready after a minute; its log is $server_log"
    stop 1
  fi
  sleep 0.1
done

if [ -n "$token" ]; then
  say "enrolling this machine"
  if ! "$agent" agent enroll --server "$url" --token "$token" --state-dir "$data/agent" >>"$agent_log" 2>&1; then
    cat "$agent_log" >&2
    say "this machine could not be enrolled; the console runs without it"
  fi
fi
# Another address than last time: this machine's agent goes along.
if enrolled && ! grep -qF "\"$url/\"" "$identity"; then
  sed -i -E "s#(\"server\": *)\"[^\"]*\"#\\1\"$url/\"#" "$identity"
fi
setsid "$agent" agent run --state-dir "$data/agent" >>"$agent_log" 2>&1 </dev/null &
agent_pid=$!

tail -n +1 -F "$server_log" 2>/dev/null > >(sed -u 's/^/server | /') &
follow_pids+=($!)
tail -n +1 -F "$agent_log" 2>/dev/null > >(sed -u 's/^/agent  | /') &
follow_pids+=($!)
sleep 1

setup=$(grep -oE "https?://[^[:space:]]+/setup\?code=[^[:space:]]+" "$server_log" | tail -n 1)
echo
if [ -n "$setup" ]; then
  echo "Operone runs at $url. Make the owner's account, once, at:"
  echo
  echo "  $setup"
else
  echo "Operone runs at $url"
fi
echo
echo "Ctrl+C stops it. Logs: $data/logs"
echo

while :; do
  wait -n "$server_pid" ${agent_pid:+"$agent_pid"}
  if ! kill -0 "$server_pid" 2>/dev/null; then
    server_pid=
    say "the control plane ended by itself; its log is $server_log"
    stop 1
  fi
  if [ -n "$agent_pid" ] && ! kill -0 "$agent_pid" 2>/dev/null; then
    agent_pid=
    say "the agent of this machine ended by itself (log: $agent_log); the console goes on"
  fi
done
