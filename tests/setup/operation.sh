# shellcheck shell=bash
# What operators have and we must fit: age, which opens our backups, and systemd, which judges our unit
# (Linux alone has it); from PATH or from the distribution's own release.

# as in judges.sh
operation_programs="age      age              --version"
operation_programs_of_linux="
systemd  systemd-analyze  --version"

operation_remedy="install them so that they are on PATH \
(macOS: brew install age; Fedora: dnf install age systemd; Arch: pacman -S age systemd)"

operation() {
  local programs=$operation_programs
  if [ "$(uname -s)" = Linux ]; then programs=$programs$operation_programs_of_linux; fi
  bring operation operation "$programs" "$operation_remedy"
}
