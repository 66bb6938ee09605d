#!/usr/bin/env bash
# Tests scripts/install on small packages made here, into roots of its own below a temporary folder; nothing from the internet.
# Needs openssl, curl, python3 and rpmbuild (scripts/test installs them), and root for the two kinds of packages.
set -uo pipefail
cd "$(dirname "$0")/.." || exit 1
work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT
passed=0 failed=0
machine=$(uname -m)
case $machine in x86_64) debian=amd64 ;; aarch64) debian=arm64 ;; *) debian=$machine ;; esac

# What a check of the name `$1` found: `$2` is its exit code.
note() { if [ "$2" = 0 ]; then passed=$((passed + 1)); else failed=$((failed + 1)); printf 'FAILED: %s\n' "$1"; sed 's/^/  | /' "$work/said"; fi; }

# Runs scripts/install; what it says is in `said`, its exit code in `$code`.
install() { scripts/install "$@" >"$work/said" 2>&1; code=$?; }

# All files of a root with their sums, to see whether anything was changed.
picture() { (cd "$1" && find . -printf '%p %m\n' | sort && find . -type f -exec sha256sum {} + | sort); }

# `$1` is refused with exit code `$2`, in one sentence that has `$3`, and nothing is changed.
refused() {
  local name=$1 expected=$2 sentence=$3
  shift 3
  picture "$work/root" >"$work/before"
  install "$@"
  picture "$work/root" >"$work/after"
  [ "$code" = "$expected" ] && [ "$(wc -l <"$work/said")" = 1 ] && grep -qF -- "$sentence" "$work/said" && grep -q 'Nothing was changed\.$' "$work/said" &&
    cmp -s "$work/before" "$work/after"
  note "$name" $?
}

# A root whose dpkg knows the packages that ours needs.
debian_root() {
  rm -rf "$work/root"
  mkdir -p "$work/root/var/lib/dpkg/updates" "$work/root/var/lib/dpkg/info"
  touch "$work/root/var/lib/dpkg/available"
  for package in libc6 ca-certificates; do
    touch "$work/root/var/lib/dpkg/info/$package.list"
    printf 'Package: %s\nStatus: install ok installed\nMaintainer: test\nArchitecture: %s\nVersion: 2.30-1\nDescription: test\n\n' "$package" "$debian"
  done >"$work/root/var/lib/dpkg/status"
}

sums() { (cd "$1" && sha256sum -- commerce-connector* >SHA256SUMS && openssl dgst -sha256 -sign "$work/key.pem" -out SHA256SUMS.sig SHA256SUMS); }

deb() { # ARCHITECTURE DEPENDS FOLDER
  rm -rf "$work/deb"
  mkdir -p "$work/deb/DEBIAN" "$work/deb/usr/bin"
  printf 'Package: commerce-connector\nVersion: 1.0.0-1\nArchitecture: %s\nMaintainer: test <test@example.org>\nDepends: %s\nDescription: test\n' "$1" "$2" >"$work/deb/DEBIAN/control"
  printf '#!/bin/sh\necho deb\n' >"$work/deb/usr/bin/commerce-connector"
  dpkg-deb -Znone --root-owner-group -b "$work/deb" "$3/commerce-connector_1.0.0-1_$1.deb" >/dev/null
}

archive() { # MACHINE FOLDER EXIT-CODE
  local top=commerce-connector-1.0.0-$1-linux
  mkdir -p "$work/$top/bin" "$work/$top/lib/systemd/system" "$work/$top/share/man/man1"
  printf '#!/bin/sh\necho archive\nexit %s\n' "$3" >"$work/$top/bin/commerce-connector"
  chmod 755 "$work/$top/bin/commerce-connector"
  printf '[Service]\nExecStart=/usr/bin/commerce-connector export watch\n' >"$work/$top/lib/systemd/system/commerce-connector.service"
  echo manual >"$work/$top/share/man/man1/commerce-connector.1"
  tar -C "$work" -czf "$2/$top.tar.gz" "$top"
  rm -rf "${work:?}/$top"
}

openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$work/key.pem" 2>/dev/null
openssl pkey -in "$work/key.pem" -pubout -out "$work/public.pem"
openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 2>/dev/null | openssl pkey -pubout -out "$work/other.pem"
mkdir -p "$work/good"
deb "$debian" "libc6 (>= 2.17), ca-certificates" "$work/good"
archive "$machine" "$work/good" 0
sums "$work/good"
debian_root

# The files, below a prefix.
refused "no folder or URL" 2 "Name the folder or URL"
refused "no key" 2 "Name the publisher's public key" "$work/good"
refused "both kinds of check" 2 "either --key or --unsigned" "$work/good" --key "$work/public.pem" --unsigned
refused "a private key is no public key" 1 "is not a public key" "$work/good" --key "$work/key.pem"
refused "a folder that is not there" 1 "is no folder" "$work/none" --key "$work/public.pem"
refused "a folder without packages" 1 "SHA256SUMS cannot be read" "$work/root" --key "$work/public.pem"
refused "another protocol" 2 "Only http and https" ftp://localhost/ --key "$work/public.pem"
refused "unsigned over http" 2 "only https URLs and folders" http://localhost/ --unsigned
refused "a prefix that no unit can name" 2 "--prefix may have only" "$work/good" --key "$work/public.pem" --prefix "$work/root/a b"
refused "another publisher" 1 "Bad signature" "$work/good" --key "$work/other.pem" --prefix "$work/root/p"
cp -R "$work/good" "$work/bad"
sed -i 's/^./0/; s/^0\(.*\)/f\1/' "$work/bad/SHA256SUMS"
refused "sums changed after signing" 1 "Bad signature" "$work/bad" --key "$work/public.pem" --prefix "$work/root/p"
rm "$work/bad/SHA256SUMS.sig"
refused "not signed" 1 "is not signed" "$work/bad" --key "$work/public.pem" --prefix "$work/root/p"
refused "a wrong checksum, unsigned" 1 "Wrong checksum" "$work/bad" --unsigned --prefix "$work/root/p"
rm -rf "$work/bad"
cp -R "$work/good" "$work/bad"
echo more >>"$work/bad/commerce-connector-1.0.0-$machine-linux.tar.gz"
refused "a package changed after signing" 1 "Wrong checksum" "$work/bad" --key "$work/public.pem" --prefix "$work/root/p"
mkdir "$work/foreign"
archive mips "$work/foreign" 0
deb mips "libc6" "$work/foreign"
sums "$work/foreign"
refused "only another machine's archive" 1 "no archive for this machine ($machine), only: " "$work/foreign" --key "$work/public.pem" --prefix "$work/root/p"
refused "only another machine's .deb" 1 "no .deb for this machine ($machine), only: " "$work/foreign" --key "$work/public.pem" --root "$work/root"
mkdir "$work/broken"
archive "$machine" "$work/broken" 1
sums "$work/broken"
refused "a program that does not run here" 1 "does not run here" "$work/broken" --key "$work/public.pem" --prefix "$work/root/p/q"
cp "$work/good/commerce-connector-1.0.0-$machine-linux.tar.gz" "$work/broken/commerce-connector-1.1.0-$machine-linux.tar.gz"
sums "$work/broken"
refused "two versions" 1 "two packages" "$work/broken" --key "$work/public.pem" --prefix "$work/root/p"

install "$work/good" --key "$work/public.pem" --prefix "$work/root/p/q"
[ "$code" = 0 ] && [ "$("$work/root/p/q/bin/commerce-connector")" = archive ] && [ -f "$work/root/p/q/share/man/man1/commerce-connector.1" ] &&
  grep -qx "ExecStart=$work/root/p/q/bin/commerce-connector export watch" "$work/root/p/q/lib/systemd/system/commerce-connector.service" &&
  [ "$(cd "$work/root/p" && find . | sort | tr '\n' ' ')" = ". ./q ./q/bin ./q/bin/commerce-connector ./q/lib ./q/lib/systemd ./q/lib/systemd/system ./q/lib/systemd/system/commerce-connector.service ./q/share ./q/share/man ./q/share/man/man1 ./q/share/man/man1/commerce-connector.1 " ]
note "the files below a prefix" $?
echo old >"$work/root/p/q/bin/commerce-connector"
install "$work/good" --unsigned --prefix "$work/root/p/q"
[ "$code" = 0 ] && [ "$("$work/root/p/q/bin/commerce-connector")" = archive ]
note "over an older version, unsigned" $?

# From a URL, on a port that the system chose.
python3 -u -c '
import functools, http.server, sys
handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=sys.argv[1])
server = http.server.HTTPServer(("127.0.0.1", 0), handler)
print(server.server_port)
server.serve_forever()' "$work" >"$work/port" 2>/dev/null &
server=$!
until [ -s "$work/port" ] || ! kill -0 "$server" 2>/dev/null; do :; done
url=http://127.0.0.1:$(cat "$work/port")
export no_proxy=127.0.0.1
rm -rf "$work/root/p"
install "$url/good/" --key "$work/public.pem" --prefix "$work/root/p"
[ "$code" = 0 ] && [ "$("$work/root/p/bin/commerce-connector")" = archive ]
note "from a URL" $?
refused "a changed package from a URL" 1 "Wrong checksum" "$url/bad" --key "$work/public.pem" --prefix "$work/root/p"
refused "a URL without packages" 1 "SHA256SUMS cannot be read" "$url/none" --key "$work/public.pem" --prefix "$work/root/p"

if [ "$(id -u)" = 0 ]; then
  debian_root
  mkdir "$work/wrong"
  deb mips libc6 "$work/wrong"
  mv "$work/wrong/commerce-connector_1.0.0-1_mips.deb" "$work/wrong/commerce-connector_1.0.0-1_$debian.deb"
  sums "$work/wrong"
  refused "a .deb whose name is wrong" 1 "is for mips; this machine is $debian" "$work/wrong" --key "$work/public.pem" --root "$work/root"
  mkdir "$work/needy"
  deb "$debian" "libc6 (>= 2.17), absent-one, absent-two" "$work/needy"
  sums "$work/needy"
  refused "a .deb without its dependencies" 1 "run apt-get install absent-one absent-two." "$work/needy" --key "$work/public.pem" --root "$work/root"
  deb "$debian" "libc6 (>= 2.31)" "$work/needy"
  sums "$work/needy"
  refused "a system too old for the .deb" 1 "needs libc6 2.31 or newer; this system has 2.30-1" "$work/needy" --key "$work/public.pem" --root "$work/root"
  install "$work/good" --key "$work/public.pem" --root "$work/root"
  [ "$code" = 0 ] && grep -q 'echo deb' "$work/root/usr/bin/commerce-connector" &&
    [ "$(dpkg-query --admindir="$work/root/var/lib/dpkg" -W -f '${db:Status-Status}' commerce-connector)" = installed ]
  note "a .deb" $?

  rm -rf "$work/root"
  mkdir -p "$work/root/var/lib/rpm" "$work/rpm/usr/bin"
  printf '#!/bin/sh\necho rpm\n' >"$work/rpm/usr/bin/commerce-connector"
  printf 'Name: commerce-connector\nVersion: 1.0.0\nRelease: 1\nSummary: test\nLicense: test\nAutoReqProv: no\n%%description\ntest\n%%install\ncp -R %s/rpm/. %%{buildroot}\n%%files\n/usr/bin/commerce-connector\n' "$work" >"$work/test.spec"
  rpmbuild -bb --quiet --define "_topdir $work/build" --define "_rpmdir $work/build" --define '_rpmfilename %{NAME}-%{VERSION}-%{RELEASE}.%{ARCH}.rpm' "$work/test.spec" >"$work/said" 2>&1 &&
    mv "$work/build/commerce-connector-1.0.0-1.$machine.rpm" "$work/good/" && sums "$work/good"
  note "rpmbuild" $?
  refused "no .rpm for this system" 1 "no .rpm for this machine" "$work/foreign" --key "$work/public.pem" --root "$work/root"
  install "$work/good" --key "$work/public.pem" --root "$work/root"
  [ "$code" = 0 ] && grep -q 'echo rpm' "$work/root/usr/bin/commerce-connector"
  note "an .rpm" $?
else
  echo "The tests of .deb and .rpm were left out: they need root."
fi

echo "scripts/install: $passed passed, $failed failed"
[ "$failed" = 0 ]
