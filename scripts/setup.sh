# What run.sh, test.sh and bench.sh share. To be sourced, with $root set to the repository's folder.
# shellcheck shell=bash disable=SC2154

artifacts=$root/artifacts
export DOTNET_CLI_TELEMETRY_OPTOUT=1 DOTNET_NOLOGO=1 DOTNET_SKIP_FIRST_TIME_EXPERIENCE=1 DOTNET_CLI_UI_LANGUAGE=en

say() { printf '%s\n' "$*" >&2; }
fail() { say "$0: $*"; exit 1; }

# Whether packages can be installed here: Debian (or a child of it) as root.
can_install() { [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; }

apt_updated=
# need PACKAGE COMMAND...: makes sure that one of the commands is there; installs the package where that is possible.
# Returns 1, and notes the package in $missing, where it is not.
missing=()
need() {
  local package=$1 name
  shift
  for name; do
    if command -v "$name" >/dev/null || [ -e "$name" ]; then return 0; fi
  done
  install_package "$package"
}

install_package() {
  if can_install; then
    if [ -z "$apt_updated" ]; then
      apt-get update -qq >/dev/null 2>&1 || say "apt-get update failed; going on with the lists there are"
      apt_updated=1
    fi
    say "installing $1"
    local log; log=$(mktemp)
    # RUNLEVEL=1: the package's own service is not started; what the tests need they start themselves.
    if RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$1" >"$log" 2>&1; then
      rm -f "$log"; hash -r
      return 0
    fi
    tail -n 5 "$log" >&2; rm -f "$log"
  fi
  missing+=("$1")
  return 1
}

# The tools without which nothing can be built.
need_sdk() {
  command -v dotnet >/dev/null || fail "the .NET 10 SDK is missing: https://dotnet.microsoft.com/download/dotnet/10.0"
  (cd "$root" && dotnet --version >/dev/null 2>&1) || fail "this needs the .NET 10 SDK; 'dotnet --list-sdks' shows: $(dotnet --list-sdks | tr '\n' ' ')"
  command -v node >/dev/null && command -v npm >/dev/null || fail "Node.js (18 or later) with npm is missing: the console's scripts are bundled with it"
}

# The runtime identifier of this machine.
runtime_id() {
  local system arch
  case $(uname -s) in Darwin) system=osx ;; *) system=linux ;; esac
  case $(uname -m) in aarch64 | arm64) arch=arm64 ;; *) arch=x64 ;; esac
  printf '%s-%s' "$system" "$arch"
}

# fingerprint FOLDER...: one line that changes when a source file in the folders, or what all builds share, changes.
fingerprint() {
  (
    cd "$root" || exit 1
    find "$@" Directory.Build.props Directory.Packages.props global.json \
      \( -name bin -o -name obj -o -name node_modules -o -name dist \) -prune -o -type f -print0 |
      LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c 1-64
  )
}

# up_to_date NAME FINGERPRINT: whether the artifact was made from just this.
up_to_date() { [ -f "$artifacts/$1.stamp" ] && [ "$(cat "$artifacts/$1.stamp")" = "$2" ]; }

# quietly WHAT COMMAND...: shows the command's output only where it fails.
quietly() {
  local what=$1 log
  shift
  log=$(mktemp)
  say "$what"
  if ! "$@" >"$log" 2>&1 </dev/null; then
    cat "$log" >&2; rm -f "$log"
    fail "$what: failed"
  fi
  rm -f "$log"
}

# Two scripts at once would write into each other's builds.
lock_artifacts() {
  mkdir -p "$artifacts"
  if command -v flock >/dev/null; then
    exec 8>"$artifacts/.lock"
    flock -n 8 || { say "waiting for another build in this folder"; flock 8; }
  fi
}
unlock_artifacts() { if command -v flock >/dev/null; then exec 8>&-; fi; }

# The control plane, published to artifacts/web.
publish_web() {
  local now
  now=$(fingerprint Operone.Core Operone.Disk Operone.Web)
  if up_to_date web "$now" && [ -f "$artifacts/web/operone-web.dll" ]; then return; fi
  rm -rf "$artifacts/web" "$artifacts/web.stamp"
  quietly "building the control plane (the first time this takes a few minutes)" \
    dotnet publish "$root/Operone.Web" -c Release -r "$(runtime_id)" --self-contained false -o "$artifacts/web" -nologo -v quiet
  printf '%s\n' "$now" >"$artifacts/web.stamp"
}

# Whether this machine can link native code. Installs what is missing where it can.
can_link() {
  [ "$(uname -s)" = Darwin ] && { command -v clang >/dev/null; return; }
  command -v clang >/dev/null || command -v gcc >/dev/null || need clang clang gcc || return 1
  # The linker needs a C library's development files and zlib's.
  local probe; probe=$(mktemp -d)
  printf 'int main(void){return 0;}\n' >"$probe/a.c"
  local compiler; compiler=$(command -v clang || command -v gcc)
  if ! "$compiler" "$probe/a.c" -lz -o "$probe/a" 2>/dev/null; then
    install_package zlib1g-dev && install_package libc6-dev
  fi
  "$compiler" "$probe/a.c" -lz -o "$probe/a" 2>/dev/null
  local result=$?
  rm -rf "$probe"
  return $result
}

# The agent, published to artifacts/agents/RID/operone: native where this machine can link, else self-contained.
publish_agent() {
  local rid now kind folder
  rid=$(runtime_id)
  folder=$artifacts/agents/$rid
  now=$(fingerprint Operone.Core Operone.Disk Operone.Agent)
  if [ -x "$folder/operone" ] && up_to_date "agent-$rid" "$now"; then return; fi
  rm -rf "$folder" "$artifacts/agent-$rid.stamp" "$artifacts/agent-build"
  if can_link; then
    kind="native"
    local linker=()
    command -v clang >/dev/null || linker=(-p:CppCompilerAndLinker=gcc)
    say "building the agent (native; the first time this takes a few minutes)"
    if ! dotnet publish "$root/Operone.Agent" -c Release -r "$rid" "${linker[@]}" -o "$artifacts/agent-build" -nologo -v quiet \
      >"$artifacts/agent-build.log" 2>&1 </dev/null; then
      tail -n 20 "$artifacts/agent-build.log" >&2
      say "the native build failed (the whole log: $artifacts/agent-build.log)"
      kind=
    fi
  fi
  if [ -z "${kind:-}" ]; then
    say "no native agent can be made here${missing[*]:+ (missing: ${missing[*]})}: making a self-contained one, which is larger and slower to start"
    rm -rf "$artifacts/agent-build"
    quietly "building the agent" dotnet publish "$root/Operone.Agent" -c Release -r "$rid" --self-contained \
      -p:PublishAot=false -p:PublishSingleFile=true -p:IncludeNativeLibrariesForSelfExtract=true -o "$artifacts/agent-build" -nologo -v quiet
  fi
  mkdir -p "$folder"
  mv "$artifacts/agent-build/operone" "$folder/operone"
  rm -rf "$artifacts/agent-build" "$artifacts/agent-build.log"
  printf '%s\n' "$now" >"$artifacts/agent-$rid.stamp"
}

# The published agent of this machine.
agent_path() { printf '%s/agents/%s/operone' "$artifacts" "$(runtime_id)"; }
