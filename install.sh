#!/usr/bin/env bash
# Builds llmdbenchmark and installs it, on Debian 12 or 13 or Ubuntu 24.04. `./install.sh --help` lists the options.
# Run it as often as you like: what is already there is not done again.
set -euo pipefail

source_dir=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
build_dir=$source_dir/build/release
prefix=${HOME:-/root}/.local
goal=install
suites=()

usage() {
  cat <<'TEXT'
usage: ./install.sh [--prefix DIR] [--quickstart | --test [SUITE...] | --packages]

Installs the packages that are missing, builds the release preset, installs the binary in DIR/bin and its
scripts, configuration and workload profiles in DIR/share/llmdbenchmark.

  --prefix DIR      where to install (default: ~/.local)
  --quickstart      then run a whole benchmark on this machine: llmdbenchmark --spec local/quickstart e2e
  --test [SUITE...] then build and run the tests; `tests/run --help` lists the suites
  --packages        only list the packages and what each is for, and install nothing
  --help            this text
TEXT
}

say() { printf '%s\n' "$*"; }

# fail WHAT WHY REMEDY: every way to end early says all three.
fail() {
  printf 'install.sh: %s\n  why: %s\n  next: %s\n' "$1" "$2" "$3" >&2
  exit 1
}

parse_options() {
  while [ $# -gt 0 ]; do
    case $1 in
      --prefix) [ $# -gt 1 ] || fail "--prefix needs a folder" "nothing follows it" "./install.sh --prefix DIR"; prefix=$2; shift ;;
      --prefix=*) prefix=${1#*=} ;;
      --quickstart | --packages) goal=${1#--} ;;
      --test) goal=test; shift; suites=("$@"); break ;;
      --help | -h) usage; exit 0 ;;
      *) fail "unknown option '$1'" "it is none of --prefix, --quickstart, --test, --packages, --help" "./install.sh --help" ;;
    esac
    shift
  done
  [ -n "$prefix" ] || fail "--prefix is empty" "there is nowhere to install to" "./install.sh --prefix DIR"
  case $prefix in /*) ;; *) prefix=$PWD/$prefix ;; esac
}

# --- packages -----------------------------------------------------------------------------------------

# package_table: one package a line, and what it is for.
package_table() {
  local boost=libboost-dev
  [ "$system" = debian-12 ] && boost=libboost1.81-dev
  cat <<TABLE
g++                 compiles the host
cmake               configures the build
ninja-build         runs the build
pkg-config          finds LuaJIT and libedit
ccache              makes a second build quick
libluajit-5.1-dev   the scripting language
lua-argparse        the command line
$boost    event loop, HTTP client
libssl-dev          TLS
nlohmann-json3-dev  the value tree, JSON
libspdlog-dev       logging
libedit-dev         line editing in the REPL
gnuplot-nox         pictures in reports
ca-certificates     trust for HTTPS endpoints
procps              ps, to look at what runs
TABLE
  [ "$goal" = test ] && cat <<'TABLE'
catch2              C++ tests
lua-check           checks the Lua files
clang-format        checks the C++ layout
git                 lists the files to check
python3-venv        a real engine and its model for the tests, in a cache outside the tree
python3-jsonschema  an independent check of our reports
python3-yaml        the YAML that ours is compared with
python3-jinja2      the templates that ours are compared with
openssl             certificates for the TLS tests
curl                a client we did not write, against the simulator
tmux                a terminal in which the REPL is driven
util-linux          flock, mount and setsid for the tests of bad surroundings
TABLE
  return 0
}

find_system() {
  local ID="" VERSION_ID="" PRETTY_NAME="an unknown system"
  [ -r /etc/os-release ] && . /etc/os-release
  system=$ID-$VERSION_ID
  case $system in
    debian-12 | debian-13 | ubuntu-24.04) ;;
    *) fail "$PRETTY_NAME is not one of the systems this script knows" \
         "it knows the package names of Debian 12, Debian 13 and Ubuntu 24.04" \
         "install the equivalents of what '--packages' lists there, then: cmake --preset release && cmake --build --preset release" ;;
  esac
}

missing_packages() {
  local name
  while read -r name _; do
    [ "$(dpkg-query -W -f='${db:Status-Status}' "$name" 2>/dev/null)" = installed ] || echo "$name"
  done < <(package_table)
}

install_packages() {
  local missing as_root=()
  mapfile -t missing < <(missing_packages)
  if [ ${#missing[@]} -eq 0 ]; then
    say "packages: all there"
    return
  fi
  say "packages to install:"
  package_table | awk 'NR == FNR { wanted[$1]; next } $1 in wanted { print "  " $0 }' \
    <(printf '%s\n' "${missing[@]}") -
  if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || fail "cannot install packages" "you are not root and there is no sudo" \
      "as root: apt-get update && apt-get install -y --no-install-recommends ${missing[*]}"
    as_root=(sudo)
    say "this needs root, so sudo may ask for your password"
  fi
  apt_get update
  apt_get install -y --no-install-recommends "${missing[@]}"
}

# apt_get ARGS: quiet when it works, its last lines and a remedy when not. Needs as_root and log_dir.
apt_get() {
  local log=$log_dir/apt.log
  say "  apt-get $1 ..."
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -q -o DPkg::Lock::Timeout=300 "$@" >"$log" 2>&1 </dev/null && return
  tail -n 15 "$log" >&2
  local why="see the lines above" next="run it by hand: apt-get $*"
  grep -qiE 'could not resolve|failed to fetch|connection|temporary failure' "$log" \
    && why="the package server was not reached" next="check the network and /etc/apt, then run this again"
  grep -qi 'unable to locate package' "$log" \
    && why="a package is not in the configured sources" next="enable Debian 'main' or Ubuntu 'universe', then run this again"
  grep -qi 'no space left' "$log" && why="the disk is full" next="free about 1.5 GB, then run this again"
  fail "apt-get $1 failed" "$why" "$next"
}

# --- build --------------------------------------------------------------------------------------------

# One compiler takes up to 1.5 GB: on a small machine fewer of them run at once.
job_count() {
  local cores kilobytes jobs
  cores=$(nproc)
  kilobytes=$(awk '/^MemAvailable/ { print $2 }' /proc/meminfo)
  jobs=$((kilobytes / 1500000))
  [ "$jobs" -lt 1 ] && jobs=1
  [ "$jobs" -gt "$cores" ] && jobs=$cores
  echo "$jobs"
}

build() {
  local tests=OFF targets=(bench) log=$log_dir/configure.log started=$SECONDS
  [ "$goal" = test ] && tests=ON targets=(bench bench_tests)
  (cd "$source_dir" && cmake --preset release -DBENCH_TESTS=$tests) >"$log" 2>&1 || {
    tail -n 20 "$log" >&2
    fail "cmake does not configure" "see the lines above" \
      "if the message is about an old cache: rm -rf '$build_dir', then run this again"
  }
  say "build: release preset, $(job_count) jobs"
  (cd "$source_dir" && cmake --build --preset release -j"$(job_count)" --target "${targets[@]}") ||
    fail "the build failed" "the first error above says where" \
      "after 'Killed' (memory): cmake --build --preset release -j1; else send us the message"
  say "build: done in $((SECONDS - started)) s"
}

# The new files are laid beside the old ones and then swapped, so files that a version dropped do not stay.
install_files() {
  local share=$prefix/share/llmdbenchmark stage
  mkdir -p "$prefix/bin" "$prefix/share" 2>/dev/null || fail "cannot write in $prefix" \
    "it is read-only or belongs to somebody else" "./install.sh --prefix DIR with a folder of yours"
  stage=$(mktemp -d "$prefix/share/.llmdbenchmark.XXXXXX") || fail "cannot write in $prefix/share" \
    "it is read-only, full, or belongs to somebody else" "./install.sh --prefix DIR with a folder of yours"
  # shellcheck disable=SC2064
  trap "rm -rf '$stage'" EXIT
  cmake --install "$build_dir" --prefix "$stage" >"$log_dir/install.log" 2>&1 || {
    tail -n 5 "$log_dir/install.log" >&2
    fail "cannot copy the files to $prefix" "see the lines above" "free some space, then run this again"
  }
  [ -e "$share" ] && mv "$share" "$stage/old"
  mv "$stage/share/llmdbenchmark" "$share"
  mv "$stage/bin/llmdbenchmark" "$prefix/bin/llmdbenchmark"
  rm -rf "$stage"
  trap - EXIT
  say "installed: $prefix/bin/llmdbenchmark, $share"
  case :$PATH: in
    *:"$prefix/bin":*) ;;
    *) say "note: $prefix/bin is not in your PATH; add it with: export PATH=\"$prefix/bin:\$PATH\"" ;;
  esac
}

main() {
  parse_options "$@"
  if [ "$goal" = packages ]; then
    goal=test
    find_system
    package_table
    return
  fi
  find_system
  log_dir=$build_dir/log
  mkdir -p "$log_dir" 2>/dev/null || fail "cannot write in $source_dir" "the build folder is made there" \
    "clone into a folder of yours"
  install_packages
  build
  install_files
  case $goal in
    quickstart)
      say "quickstart: llmdbenchmark --spec local/quickstart e2e"
      exec "$prefix/bin/llmdbenchmark" --spec local/quickstart e2e ;;
    test) exec "$source_dir/tests/run" "${suites[@]}" ;;
    *) say "next: llmdbenchmark --spec local/quickstart e2e" ;;
  esac
}

main "$@"
