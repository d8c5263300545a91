#!/bin/sh
# Installs a hashed lock into .venv: pip's own bars on a terminal, one plain line elsewhere.
set -eu
lock="$1"
shift
quiet=""
[ -t 1 ] || { quiet="-q"; echo "Installing the packages of $lock …"; }
exec .venv/bin/python -m pip install $quiet --disable-pip-version-check --root-user-action ignore --require-hashes "$@" -r "$lock"
