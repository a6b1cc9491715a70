#!/usr/bin/env bash
# Runs the benchmarks and prints a table.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/setup.sh
. "$root/scripts/setup.sh"

case ${1:-} in
  -h | --help)
    cat <<'TEXT'
usage: ./bench.sh [SCENARIO...]

Without a name all of them run; the table goes to standard output (progress to standard error) and to artifacts/bench.md.

  true        one run of `true` on a real agent, 200 times (baselines: /bin/true, OpenSSH over an open connection)
  fanout      one run to 1,000 simulated devices and to 50 real agents
  rollout     a job on 1,000 simulated devices in batches of 100 (baseline: a client that makes a run for each batch)
  schedules   10,000 schedules due within a minute: all fired, and how late
  fleet       5,000 simulated devices: memory and CPU of the server, all reconnecting after a restart
  output      one execution printing 200 MB, and ten at once, on both databases
  agent       the agent's size, memory and CPU while idle
  processes   what a sample of 1,000 processes costs a device (baseline: top -b)
  start       the server's cold start and memory
  terminals   a keystroke's echo, output, opening, 200 idle ones (baselines: a bare pseudo-terminal, script(1), `ssh -tt`)
  channels    a command's streamed output (baselines: a plain TCP copy, a bare WebSocket)
  files       files to and from a device against scp, a folder of 100,000
  folders     from device to device, and folders of 10,000 small files, against scp
  sync        what is sent of a file that the other end has in another version, or in part, against rsync
  sandbox     what the isolated sandbox adds to a run
  many        300 runs at once on one device, and 300 in a row
  policy      policy decisions with 1,000 grants
  placement   placing a run among 5,000 devices
  access      what a token and grants add to a request
  audit       audit entries appended on both databases
  events      events through the bus to 100 subscribers, on both databases and between two nodes
  inner       the inner pieces, by BenchmarkDotNet (inner --full prints its whole report)
TEXT
    exit 0 ;;
esac

need_sdk
# The baselines over SSH need a server, and that of sync needs rsync; without them their rows say so.
need openssh-server /usr/sbin/sshd || true
need openssh-client ssh || true
need rsync rsync || true
lock_artifacts
publish_web
publish_agent
now=$(fingerprint Operone.Core Operone.Disk Operone.Web Operone.Agent Operone.Bench)
if ! up_to_date bench "$now" || [ ! -f "$artifacts/bench/Operone.Bench.dll" ]; then
  rm -rf "$artifacts/bench" "$artifacts/bench.stamp"
  quietly "building the benchmarks" dotnet publish "$root/Operone.Bench" -c Release -o "$artifacts/bench" -nologo -v quiet
  printf '%s\n' "$now" >"$artifacts/bench.stamp"
fi
unlock_artifacts

# 5,000 connections need as many open files in each of the two processes.
ulimit -n "$(ulimit -Hn)"
export OPERONE_AGENT OPERONE_WEB
OPERONE_AGENT=$(agent_path)
OPERONE_WEB=$artifacts/web
cd "$root"
exec dotnet "$artifacts/bench/Operone.Bench.dll" "$@"
