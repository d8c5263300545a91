#!/bin/sh
# Makes .venv from the hashed lock. One clear line when something is missing.
set -eu
say() { echo "make install: $*" >&2; exit 1; }

runs="Dunwell runs on Linux (glibc 2.28 or newer) and macOS, on x86_64 and arm64."
case "$(uname -s)" in
Linux)
    libc="$(getconf GNU_LIBC_VERSION 2>/dev/null)" || say "this Linux has no glibc (musl?). $runs"
    newest="$(printf '%s\n' 2.28 "${libc##* }" | sort -V | tail -n 1)"
    [ "$newest" = "${libc##* }" ] || say "this is $libc. $runs"
    ;;
Darwin) ;;
*) say "this is $(uname -s). $runs" ;;
esac
case "$(uname -m)" in
x86_64 | amd64 | aarch64 | arm64) ;;
*) say "this machine is $(uname -m). $runs" ;;
esac

if [ ! -x .venv/bin/python ]; then
    found=""
    for candidate in ${PYTHON3:-} python3.13 python3.12 python3.11 python3; do
        if "$candidate" -c 'import sys; sys.exit(not ((3, 11) <= sys.version_info[:2] <= (3, 13) and sys.maxsize > 2**32))' 2>/dev/null; then
            found="$candidate"
            break
        fi
    done
    [ -n "$found" ] || say "no 64-bit Python 3.11, 3.12 or 3.13 was found (set PYTHON3 to one)."
    "$found" -c 'import venv, ensurepip' 2>/dev/null || say "$found has no venv: install its package (Debian: apt install python3-venv)."
    "$found" -m venv .venv || say "$found could not make .venv."
fi
for lock in requirements.lock requirements/build.lock; do
    sh requirements/packages.sh "$lock" || say "the packages of $lock could not be installed (see above)."
done
.venv/bin/python -m pip install -q --disable-pip-version-check --root-user-action ignore --no-deps --no-build-isolation \
    --no-index -e . || say "Dunwell itself could not be installed (see above)."
