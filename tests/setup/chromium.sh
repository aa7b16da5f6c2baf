# shellcheck shell=bash
# Chromium and its WebDriver, with which the pages are clicked through: from PATH or from the
# distribution's own release.
#
# Its files stand beside the program, which finds them by /proc/self/exe; so it runs as it is, with its
# libraries named in the environment, as PostgreSQL does.

chromium_remedy="install them so that chromium and chromedriver are on PATH \
(Debian: apt-get install chromium chromium-driver; Fedora: dnf install chromium chromedriver; Arch: pacman -S chromium)"

chromium() {
  local program
  if machine_program chromium >/dev/null && machine_program chromedriver >/dev/null; then
    for program in chromium chromedriver; do link "$program" "$(machine_program "$program")"; done
    say "Chromium on this machine: $(machine_program chromium)"
    return
  fi

  know_the_distribution "chromium, chromedriver" "$chromium_remedy"
  local recipe="1 chromium $release $triplet in $tools" # its fonts are named by their whole path
  if is_stamped chromium "$recipe" "chromium chromedriver"; then
    say "Chromium: $(stamped chromium)(installed before)"
    return
  fi
  # Fonts are brought along, so that pages look alike everywhere.
  unpack chromium "" "chromium chromium-common chromium-driver fontconfig-config fonts-dejavu-core fonts-liberation2" ""
  begin "Chromium $(unpacked_version chromium chromium)"
  write_fonts_configuration
  wrap_chromium chromium usr/lib/chromium/chromium
  wrap_chromium chromedriver usr/bin/chromedriver
  try chromium --version
  try chromedriver --version
  unpacked_version chromium chromium | stamp chromium "$recipe"
  finish
}

# The fonts that were unpacked and no others.
write_fonts_configuration() {
  cat >"$tools/chromium/fonts.conf" <<CONF
<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <dir>$tools/chromium/usr/share/fonts</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
  <include ignore_missing="yes">$tools/chromium/etc/fonts/conf.avail/30-metric-aliases.conf</include>
  <include ignore_missing="yes">$tools/chromium/etc/fonts/conf.avail/60-latin.conf</include>
</fontconfig>
CONF
}

# wrap_chromium PROGRAM FILE: starts an unpacked program with the libraries and fonts it came with.
wrap_chromium() {
  local program=$1 file=$2
  cat >"$tools/bin/.$program.new" <<WRAPPER
#!/bin/sh
# Written by tests/setup: starts an unpacked program with the libraries it was unpacked with.
self=\$(readlink -f "\$0")
root=\${self%/*}/../chromium
LD_LIBRARY_PATH=\$root/usr/lib/$triplet:\$root/lib/$triplet:\$root/usr/lib/$triplet/pulseaudio\${LD_LIBRARY_PATH:+:\$LD_LIBRARY_PATH}
FONTCONFIG_FILE=\$root/fonts.conf
export LD_LIBRARY_PATH FONTCONFIG_FILE
exec "\$root/$file" "\$@"
WRAPPER
  chmod 755 "$tools/bin/.$program.new"
  mv -f "$tools/bin/.$program.new" "$tools/bin/$program"
}
