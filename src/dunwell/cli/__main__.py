"""`python -m dunwell.cli`: the same as `dunwell`."""

from dunwell.cli import main

main()
