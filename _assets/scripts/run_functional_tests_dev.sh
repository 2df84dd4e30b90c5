#!/usr/bin/env bash
# Runs scenarios of your choice: finds them, lists them, asks, runs them, cleans up.
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/functional_tests_commons.sh"

usage() {
    cat <<'TEXT'
Usage: run_functional_tests_dev.sh [-y] [--runtime auto|docker|process] [PATTERN] [-- PYTEST ARGS]
       run_functional_tests_dev.sh [-y] --compare BUILD BUILD [PATTERN] [-- PYTEST ARGS]
       run_functional_tests_dev.sh [-y] --bisect BUILD BUILD... PATTERN [-- PYTEST ARGS]
       run_functional_tests_dev.sh --reproduce DIR [-- PYTEST ARGS]
       run_functional_tests_dev.sh --history [PATTERN]
       run_functional_tests_dev.sh --doctor | --sweep | --remove RUN_ID

Runs the scenarios in tests-functional/tests that match PATTERN, or all of them. The first run makes a virtual
environment in .venv and installs what is needed; later ones install only what changed.

PATTERN is one of
  a module       test_wakuext_community_archives
  a class        TestCommunityArchives
  a function     test_community_archive_exists_for_default_chat
  a node id      test_wakuext_community_archives.py::TestCommunityArchives::test_community_archive_index_exists
  a path         tests-functional/tests/test_example.py
  an expression  'TestCommunityArchives and not logout' (as pytest's -k takes it)
A name matches any test that has it as a part of its own, its class's or its module's name, in any letter case.

Options:
  -y, --yes        do not ask before running
  --runtime WHERE  where the nodes run: docker, process (local processes), or auto (the default): docker where an
                   engine answers, process where none does
  --seed N         what names, texts, faults and a seeded order are drawn from (default: a fresh one, which is shown)
  --repeat N       run each test N times, and tell how often it fails, for which reasons, and where the evidence is
  --reproduce DIR  run the run in DIR (tests-functional/logs/<run>) again: same tests, order, options, seed, workers, images
  --history        tell how often tests have failed here, of all runs there were (they may be deleted)
  --compare        run the scenarios with the same seed on two builds, twice each (--repeat N: N times), and tell the first
                   event where their timelines part
  --bisect         find the first of several builds, from good to bad, on which PATTERN fails
  --doctor         look at what a run needs and say how to mend what is amiss; runs nothing
  --sweep          remove what runs left that were killed with both their reapers (every run does that when it begins)
  --remove RUN_ID  end a run that "-- --keep" left up; "kept" for RUN_ID: every one
  -h, --help       this text
  -- PYTEST ARGS   everything after -- goes to pytest, for example: -- --timings upstream -x
                   (paths are relative to the project's root)

A BUILD is an image, a folder with the source tree of a reference status-backend (docker/status-backend of another
checkout, say), or "reference": the one of this repository.

One test runs in the terminal's own pytest; more run in parallel workers, two for each core at most (-- -n N: as many
as you say). Logs are in tests-functional/logs/latest.

The exit status is pytest's; 1 too where no test matches or the question gets no answer, 0 where the answer is no,
2 for arguments that make no sense. --compare: 1 where the builds part. --bisect: 1 where the ends do not differ. Ctrl-C ends the run in order: the nodes are stopped and removed.

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

# Sets DO (run, reproduce, history, compare, bisect), ROUNDS, SEED, RUN, BUILDS, and REST: what parse_arguments is to see.
take_reproduction_options() {
    DO=run ROUNDS='' SEED=() RUN='' BUILDS=() REST=()
    while (($#)); do
        case $1 in
            --) REST+=("$@") && break ;;
            --seed | --repeat | --reproduce) (($# > 1)) || usage_error "$1 needs a value" ;;&
            --seed) SEED=(--seed "$2") && shift ;;
            --repeat)
                [[ $2 =~ ^[1-9][0-9]*$ ]] || usage_error "--repeat needs a number of rounds, not '$2'"
                ROUNDS=$2 && shift
                ;;
            --seed=* | --repeat=* | --reproduce=*) set -- "${1%%=*}" "${1#*=}" "${@:2}" && continue ;;
            --reproduce) DO=reproduce RUN=$(of_folder "$2") && shift ;;
            --history) DO=history ;;
            --compare | --bisect)
                DO=${1#--}
                while (($# > 1)) && [[ $2 != -* ]]; do BUILDS+=("$(of_folder "$2")") && shift; done
                ;;
            *) REST+=("$1") ;;
        esac
        shift
    done
    local count=${#BUILDS[@]} pattern=-1
    case $DO in
        compare)
            ((count == 2 || count == 3)) || usage_error "--compare needs two builds and at most one pattern"
            ((count == 2)) || pattern=2
            ;;
        bisect)
            ((count > 2)) || usage_error "--bisect needs two builds or more, and a pattern"
            pattern=$((count - 1))
            ;;
    esac
    if ((pattern >= 0)); then
        REST=("${BUILDS[pattern]}" ${REST[@]+"${REST[@]}"})
        unset 'BUILDS[pattern]'
    fi
}

of_folder() { # of_folder TEXT: the whole path of a folder, for the module runs in another one; else TEXT
    if [[ -d $1 ]]; then (CDPATH='' cd -- "$1" && pwd); else printf '%s\n' "$1"; fi
}

on_builds() { # on_builds MODULE
    set_workers "${ROUNDS:-$([[ $1 != compare ]] || echo 2)}"
    PYTHONPATH=$HARNESS${PYTHONPATH:+:$PYTHONPATH} run_module "$ROOT" "reproduce.$1" "${BUILDS[@]}" \
        ${ROUNDS:+--repeat "$ROUNDS"} ${SEED[@]+"${SEED[@]}"} -- -v -n "$WORKERS" --dist worksteal "${SELECTION[@]}"
}

case ${1:-} in
    --doctor) run_tool doctor "${@:2}" ;;
    --sweep) run_tool fleet.sweep "${@:2}" ;;
    --remove | --remove=*) run_tool fleet.sweep "$@" ;;
esac
take_reproduction_options "$@"
parse_arguments ${REST[@]+"${REST[@]}"}
prepare_python
case $DO in
    history) run_tool reproduce.history ${PATTERN:+"$PATTERN"} ;;
    reproduce)
        [[ -z $PATTERN ]] || usage_error "--reproduce runs the tests that the run had, and here is a pattern too: $PATTERN"
        if [[ $RUNTIME == auto ]]; then SELECTION=("${SELECTION[@]:3}"); else SELECTION=("${SELECTION[@]:1}"); fi
        run_pytest "$ROOT" -v "--reproduce=$RUN" ${SELECTION[@]+"${SELECTION[@]}"}
        exit
        ;;
esac
discover_tests
list_tests
if [[ $ASK == yes ]]; then confirm; fi
case $DO in
    compare | bisect) on_builds "$DO" ;;
    *) run_discovered ${ROUNDS:+--repeat "$ROUNDS"} ${SEED[@]+"${SEED[@]}"} ;;
esac
