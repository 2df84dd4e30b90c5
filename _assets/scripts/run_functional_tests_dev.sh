#!/usr/bin/env bash
# Runs scenarios of your choice: finds them, lists them, asks, runs them, cleans up.
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/functional_tests_commons.sh"

usage() {
    cat <<'TEXT'
Usage: run_functional_tests_dev.sh [-y] [--runtime auto|docker|process] [PATTERN] [-- PYTEST ARGS]
       run_functional_tests_dev.sh --doctor | --sweep | --remove RUN_ID

Runs the scenarios in tests-functional/tests that match PATTERN, or all of them. The first run makes a virtual
environment in .venv and installs what is needed; later ones install only what changed.

PATTERN is one of
  a module       test_wakuext_community_archives
  a class        TestCommunityArchives
  a function     test_community_archive_exists_for_default_chat
  a node id      test_wakuext_community_archives.py::TestCommunityArchives::test_community_archive_index_exists
  an expression  'TestCommunityArchives and not logout' (as pytest's -k takes it)
A name matches any test that has it as a part of its own, its class's or its module's name, in any letter case.

Options:
  -y, --yes        do not ask before running
  --runtime WHERE  where the nodes run: docker, process (local processes), or auto (the default): docker where an
                   engine answers, process where none does
  --doctor         look at what a run needs and say how to mend what is amiss; runs nothing
  --sweep          remove what runs left that were killed with both their reapers (every run does that when it begins)
  --remove RUN_ID  end a run that "-- --keep" left up; "kept" for RUN_ID: every one
  -h, --help       this text
  -- PYTEST ARGS   everything after -- goes to pytest, for example: -- --timings upstream -x
                   (paths are relative to the project's root)

One test runs in the terminal's own pytest; more run in parallel workers, two for each core at most (-- -n N: as many
as you say). Logs are in tests-functional/logs/latest.

The exit status is pytest's; 1 too where no test matches or the question gets no answer, 0 where the answer is no,
2 for arguments that make no sense. Ctrl-C ends the run in order: the nodes are stopped and removed.

Environment:
  PYTHON                   the Python (3.11 or newer) to make .venv with
  FUNCTIONAL_TESTS_PYTHON  a Python that has every requirement already: no .venv is made
TEXT
}

confirm() {
    local answer
    while :; do
        printf 'Continue with execution? (y/n): '
        read -r answer || die "
No answer, so nothing was run. -y runs without the question."
        case $answer in
            [Yy] | [Yy][Ee][Ss]) return ;;
            [Nn] | [Nn][Oo])
                echo "Nothing was run."
                exit 0
                ;;
        esac
    done
}

case ${1:-} in
    --doctor) run_tool doctor "${@:2}" ;;
    --sweep) run_tool fleet.sweep "${@:2}" ;;
    --remove | --remove=*) run_tool fleet.sweep "$@" ;;
esac
parse_arguments "$@"
prepare_python
discover_tests
list_tests
if [[ $ASK == yes ]]; then confirm; fi
# shellcheck disable=SC2119  # the arguments are in SELECTION
run_discovered
