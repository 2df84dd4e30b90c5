#!/usr/bin/env bash
# Runs scenarios in CI: no question, and a JUnit report.
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/functional_tests_commons.sh"

usage() {
    cat <<'TEXT'
Usage: run_functional_tests.sh [--runtime auto|docker|process] [PATTERN] [-- PYTEST ARGS]

Does what run_functional_tests_dev.sh does (its --help explains the arguments), but never asks, and writes a JUnit
report to tests-functional/reports/scenarios-RUNTIME.xml. The exit status is pytest's; 1 too where no test matches.
TEXT
}

parse_arguments "$@"
prepare_python
discover_tests
list_tests
run_discovered --junitxml "$REPORTS/scenarios-$RUNTIME.xml"
