#!/usr/bin/env bash
# Runs the tests. Ends with one line alone: N passed, N failed, N skipped.
set -uo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
# shellcheck source=scripts/setup.sh
. "$root/scripts/setup.sh"

usage() {
  cat <<'TEXT'
usage: ./test.sh [--no-build] [WORD...]

Builds everything once, publishes the control plane and the agent into artifacts/, and runs Operone.Tests and
Operone.E2E. A word narrows it to the tests with that word in their namespace, class or name; several words add up:

  ./test.sh Shell             the tests of the room Shell
  ./test.sh Crash             the crash tests; OPERONE_CRASH_REPEAT=10 runs each ten times in a row
  ./test.sh --no-build Pages  without building again

On Debian as root it installs what the tests need (Chromium, PostgreSQL, Redis, bubblewrap, vi, ripgrep, litmus, davfs2, sshd, Apache, rclone, a C linker); elsewhere it
names what is missing, and the tests that need it are skipped with their reason.
Screenshots of the journeys are left in artifacts/screenshots.
TEXT
}

build=1
words=()
for argument; do
  case $argument in
    -h | --help) usage; exit 0 ;;
    --no-build) build= ;;
    -*) usage >&2; exit 2 ;;
    *) words+=("$argument") ;;
  esac
done

need_sdk
need chromium chromium chromium-browser google-chrome
need postgresql postgres pg_ctl /usr/lib/postgresql/*/bin/pg_ctl
need redis-server redis-server
need bubblewrap bwrap
need curl curl
need procps ps
need openssl openssl
need vim-tiny vi
need litmus litmus
need davfs2 /usr/sbin/mount.davfs
need ripgrep rg
need openssh-server /usr/sbin/sshd
need openssh-client ssh-keygen
need apache2-bin /usr/sbin/apache2
need rclone rclone
if [ ${#missing[@]} -gt 0 ]; then
  say "missing here, so the tests that need it are skipped: ${missing[*]}"
  say "on Debian, as root: apt-get install -y ${missing[*]}"
fi

lock_artifacts
if [ -n "$build" ]; then
  quietly "building the tests" dotnet build "$root/Operone.Tests" -c Release -nologo -v quiet
  quietly "building the journeys" dotnet build "$root/Operone.E2E" -c Release -nologo -v quiet
  publish_web
  publish_agent
fi
unlock_artifacts
export OPERONE_AGENT OPERONE_WEB
OPERONE_AGENT=$(agent_path)
OPERONE_WEB=$artifacts/web
# Much of the time of so many short lives is the just-in-time compiler's, and a part of that the double mapping of its pages.
export DOTNET_EnableWriteXorExecute=0

passed=0 failed=0 skipped=0 bad=0
mkdir -p "$artifacts/test-results"

# run_tests NAME SECONDS: one test program, bounded in time; adds its counts.
run_tests() {
  local name=$1 seconds=$2 program log status line
  program=$root/$name/bin/Release/net10.0/$name
  log=$artifacts/test-results/$name.log
  [ -x "$program" ] || fail "$program is not there; run ./test.sh without --no-build"
  local filter=()
  if [ ${#words[@]} -gt 0 ]; then
    filter=(--filter-method)
    local word
    for word in "${words[@]}"; do filter+=("*$word*"); done
  fi
  say "running $name"
  timeout --kill-after=20 "$((seconds + 60))" "$program" --no-ansi --progress off --timeout "${seconds}s" \
    --results-directory "$artifacts/test-results" --show-stdout Failed --show-stderr Failed --long-running 120 \
    --auto-reporters off "${filter[@]}" </dev/null 2>&1 | tee "$log"
  status=${PIPESTATUS[0]}
  count() { line=$(grep -E "^ *$1: [0-9]+" "$log" | tail -n 1); printf '%s' "${line##*: }"; }
  local total; total=$(count total)
  if [ -z "$total" ]; then
    say "$name ended with status $status and without a summary"
    failed=$((failed + 1)) bad=1
    return
  fi
  passed=$((passed + $(count succeeded))) failed=$((failed + $(count failed))) skipped=$((skipped + $(count skipped)))
  # 8: no test matched the words here; the other program may have some.
  if [ "$status" != 0 ] && [ "$status" != 8 ]; then
    bad=1
    if [ "$(count failed)" = 0 ]; then
      say "$name ended with status $status"
      failed=$((failed + 1))
    fi
  fi
}

run_tests Operone.Tests "${OPERONE_TESTS_SECONDS:-2400}"
# The crash tests, repeated, take about five minutes a time.
run_tests Operone.E2E "${OPERONE_E2E_SECONDS:-$((2700 + 360 * ${OPERONE_CRASH_REPEAT:-1}))}"

if [ $((passed + failed)) = 0 ]; then
  say "no test was executed"
  bad=1
fi
printf '%d passed, %d failed, %d skipped\n' "$passed" "$failed" "$skipped"
[ "$bad" = 0 ] && [ "$failed" = 0 ]
