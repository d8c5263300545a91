#!/bin/sh
# Makes .venv from the hashed lock. One clear line when something is missing.
set -eu
say() { echo "make install: $*" >&2; exit 1; }

case "$(uname -s)" in
Linux | Darwin) ;;
*) say "this is $(uname -s); Dunwell runs on Linux and macOS." ;;
esac

if [ ! -x .venv/bin/python ]; then
    found=""
    for candidate in ${PYTHON3:-} python3.13 python3.12 python3.11 python3; do
        if "$candidate" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; then
            found="$candidate"
            break
        fi
    done
    [ -n "$found" ] || say "no Python 3.11, 3.12 or 3.13 was found (set PYTHON3 to one)."
    "$found" -c 'import venv, ensurepip' 2>/dev/null || say "$found has no venv: install its package (Debian: apt install python3-venv)."
    "$found" -m venv .venv || say "$found could not make .venv."
fi
pip() { .venv/bin/python -m pip --disable-pip-version-check "$@"; }
quiet="-q"
[ -t 2 ] && quiet=""
pip install $quiet --require-hashes -r requirements.lock || say "the packages of requirements.lock could not be installed (see above)."
pip install -q --require-hashes -r requirements/build.lock || say "the packages of requirements/build.lock could not be installed (see above)."
pip install -q --no-deps --no-build-isolation --no-index -e . || say "Dunwell itself could not be installed (see above)."
