# shellcheck shell=bash
# `bitcoind` and `bitcoin-cli`: $BITCOIND, else PATH, else the distribution's `bitcoin-knots`.

bitcoind_remedy="install Bitcoin Core so that bitcoind and bitcoin-cli are on PATH, or set BITCOIND=/path/to/bitcoind \
(macOS: brew install bitcoin; Arch: pacman -S bitcoin-daemon bitcoin-cli; elsewhere: a release of Bitcoin Core or Bitcoin Knots)"

bitcoind() {
  local daemon='' client=''
  if [ -n "${BITCOIND:-}" ]; then
    daemon=$(command -v "$BITCOIND" || true)
    if [ -z "$daemon" ]; then
      fail "BITCOIND=$BITCOIND is no program" "the file is not there or cannot be executed" \
        "set BITCOIND to a bitcoind, or unset it to have one installed"
    fi
    daemon=$(cd "$(dirname "$daemon")" && pwd)/$(basename "$daemon")
    if [ -x "$(dirname "$daemon")/bitcoin-cli" ]; then client=$(dirname "$daemon")/bitcoin-cli; fi
  else
    daemon=$(machine_program bitcoind || true)
  fi
  if [ -n "$daemon" ]; then
    client=${client:-$(machine_program bitcoin-cli || true)}
    if [ -z "$client" ]; then
      fail "missing: bitcoin-cli" "$daemon is here, but no bitcoin-cli beside it or on PATH" "$bitcoind_remedy"
    fi
    if [ "$daemon" = "$tools/bin/bitcoind" ]; then
      say "bitcoind: BITCOIND is the one installed here"
      return
    fi
    link bitcoind "$daemon"
    link bitcoin-cli "$client"
    try bitcoind -version
    say "bitcoind: $daemon"
    return
  fi

  know_the_distribution "bitcoind" "$bitcoind_remedy"
  local recipe="2 bitcoin-knots testing $release $triplet"
  if is_stamped debian-testing "$recipe" "bitcoind bitcoin-cli" && [ ! -L "$tools/bin/bitcoind" ]; then
    say "bitcoind: $(stamped debian-testing)(installed before)"
    return
  fi
  if [ "$distribution" != debian ]; then
    fail "missing: bitcoind" "not on PATH, and $distribution has no package of it the set-up could unpack" "$bitcoind_remedy"
  fi
  unpack debian-testing testing bitcoin-knots "bitcoind bitcoin-cli"
  local version
  version=$(unpacked_version debian-testing bitcoin-knots)
  begin "bitcoin-knots $version"
  try bitcoind -version
  try bitcoin-cli -version
  echo "bitcoin-knots $version" | stamp debian-testing "$recipe"
  finish
}
