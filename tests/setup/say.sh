# shellcheck shell=bash
# How the set-up talks: one line per step, all of it on standard error, and a failure that
# says what failed, why, and what to do about it.

# Seconds since the epoch, with a fraction where bash knows it (5.0; macOS ships 3.2).
now() {
  # EPOCHREALTIME uses the locale's decimal mark.
  if [ -n "${EPOCHREALTIME:-}" ]; then printf '%s' "${EPOCHREALTIME/,/.}"; else date +%s; fi
}

since() { awk -v from="$1" -v to="$(now)" 'BEGIN { printf "%.1f s", to - from }'; }

say() { printf 'setup: %s\n' "$*" >&2; }

step_started=
step_open=

# begin "unbound 1.17.1": opens a line that `finish` or `fail` closes.
begin() {
  step_started=$(now)
  step_open=yes
  printf 'setup: %s … ' "$*" >&2
}

finish() {
  step_open=
  printf '%s (%s)\n' "${1:-ok}" "$(since "$step_started")" >&2
}

# fail WHAT WHY REMEDY
fail() {
  if [ -n "$step_open" ]; then printf 'FAILED\n' >&2; fi
  step_open=
  printf 'setup: %s\n  why:        %s\n  what to do: %s\n' "$1" "$2" "$3" >&2
  exit 1
}

interrupted() {
  if [ -n "$step_open" ]; then printf 'interrupted\n' >&2; fi
  say "run this again: it continues where it stopped"
  exit 130
}

# logged LOG COMMAND…: runs a command that talks too much, keeping what it said.
logged() {
  local log=$1
  shift
  printf '$ %s\n' "$*" >>"$log"
  "$@" </dev/null >>"$log" 2>&1
}

# The last thing a log said that looks like a reason, for use in `fail`.
reason_in() {
  local line
  line=$(grep -E '^(E:|W:|error|Err:|dpkg)' "$1" 2>/dev/null | tail -n 3 | tr '\n' ' ' || true)
  if [ -z "$line" ]; then line=$(tail -n 1 "$1" 2>/dev/null || true); fi
  printf '%s(all of it: %s)' "${line:+$line}" "$1"
}
