#!/bin/sh
# Installs Operone's agent on this machine and enrols it:
#   curl -fsSL __SERVER__/install.sh | sh -s -- --token TOKEN [--name NAME] [--label KEY=VALUE]... [--bin-dir FOLDER] [--no-service]
# As root it goes to /usr/local/bin and runs as a service; otherwise to ~/.local/bin.
set -eu

server='__SERVER__'

say() { printf '%s\n' "$*"; }
fail() { printf 'install.sh: %s\n' "$*" >&2; exit 1; }

# All of it is a function, so that a download that was cut off runs nothing.
main() {
  token='' service=yes folder=''
  for argument; do
    case $argument in
      -h | --help) say "usage: sh install.sh --token TOKEN [--name NAME] [--label KEY=VALUE]... [--bin-dir FOLDER] [--no-service]"; exit 0 ;;
    esac
  done

  # What is for `operone agent enroll` is kept as it is, at the end of the arguments.
  count=$#
  while [ "$count" -gt 0 ]; do
    case $1 in
      --no-service) service=no; shift; count=$((count - 1)) ;;
      --token | --name | --label | --server | --state-dir | --bin-dir)
        [ "$count" -ge 2 ] || fail "$1 needs a value"
        option=$1 value=$2
        shift 2
        count=$((count - 2))
        case $option in
          --token) token=$value ;;
          --server) server=${value%/} ;;
          --bin-dir) folder=$value ;;
        esac
        case $option in
          --server | --bin-dir) ;;
          *) set -- "$@" "$option" "$value" ;;
        esac
        ;;
      *) fail "unknown option: $1" ;;
    esac
  done
  [ -n "$token" ] || fail "--token is missing; make one in the console under Devices"

  pin=$(pin_of "$token")
  rid=$(find_rid)
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  trap 'exit 1' HUP INT TERM

  say "Downloading the agent for $rid from $server"
  download "$server/downloads/operone-$rid" "$work/operone" ||
    fail "cannot download $server/downloads/operone-$rid; does the server serve this kind of machine?"
  download "$server/downloads/operone-$rid.sha256" "$work/operone.sha256" || fail "cannot download its SHA-256"
  expected=$(cut -d ' ' -f 1 "$work/operone.sha256")
  actual=$(hash_of "$work/operone")
  [ -n "$actual" ] && [ "$expected" = "$actual" ] || fail "the download is damaged: its SHA-256 is $actual, not $expected"

  if [ -n "$folder" ]; then
    :
  elif [ "$(id -u)" -eq 0 ]; then
    folder=/usr/local/bin
  else
    folder=$HOME/.local/bin
  fi
  mkdir -p "$folder"
  chmod 755 "$work/operone"
  # Beside the old one first, then in its place: a running agent is not disturbed.
  cp "$work/operone" "$folder/.operone.new"
  mv -f "$folder/.operone.new" "$folder/operone"
  say "Installed $folder/operone"

  "$folder/operone" agent enroll --server "$server" "$@"

  if [ "$service" = yes ] && [ "$(id -u)" -eq 0 ] && has_services; then
    "$folder/operone" agent install
  else
    say "To connect now: $folder/operone agent run"
    if [ "$service" = yes ]; then
      say "To run it as a service: $folder/operone agent install (as root)"
    fi
  fi
}

# The token's part after the dot is the SHA-256 of the server's public key, in base64url.
pin_of() {
  case $1 in
    *.*)
      pin=$(printf '%s' "${1#*.}" | tr '_-' '/+')
      while [ $((${#pin} % 4)) -ne 0 ]; do pin=$pin=; done
      printf '%s' "$pin"
      ;;
  esac
}

find_rid() {
  case $(uname -s) in
    Linux)
      os=linux
      if [ -e /etc/alpine-release ] || { command -v ldd >/dev/null 2>&1 && ldd --version 2>&1 | grep -qi musl; }; then
        os=linux-musl
      fi
      ;;
    Darwin) os=osx ;;
    *) fail "there is no agent for $(uname -s)" ;;
  esac
  case $(uname -m) in
    x86_64 | amd64) arch=x64 ;;
    aarch64 | arm64) arch=arm64 ;;
    *) fail "there is no agent for $(uname -m) processors" ;;
  esac
  printf '%s' "$os-$arch"
}

download() {
  if command -v curl >/dev/null 2>&1; then
    if [ -n "$pin" ]; then
      curl -fsSLk --pinnedpubkey "sha256//$pin" -o "$2" "$1"
    else
      curl -fsSL -o "$2" "$1"
    fi
  elif command -v wget >/dev/null 2>&1; then
    if [ -n "$pin" ]; then
      wget -q --no-check-certificate --pinnedpubkey "sha256//$pin" -O "$2" "$1"
    else
      wget -q -O "$2" "$1"
    fi
  else
    fail "needs curl or wget"
  fi
}

hash_of() {
  if command -v sha256sum >/dev/null 2>&1; then
    sha256sum "$1" | cut -d ' ' -f 1
  elif command -v shasum >/dev/null 2>&1; then
    shasum -a 256 "$1" | cut -d ' ' -f 1
  else
    fail "needs sha256sum or shasum"
  fi
}

has_services() {
  [ -d /run/systemd/system ] || [ "$(uname -s)" = Darwin ]
}

main "$@"
