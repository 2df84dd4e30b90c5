#!/usr/bin/env bash
# Runs every test of the repository.
set -euo pipefail
source "$(dirname -- "${BASH_SOURCE[0]}")/functional_tests_commons.sh"

usage() {
    cat <<'TEXT'
Usage: run_tests.sh [--runtime process|docker|both]

Runs the tests of each node, of the harness and of the scripts, then the scenarios: as local processes, in Docker, or
in both. Without --runtime: as processes, and in Docker too where an engine answers; there one scenario runs once more,
with a Codex container beside each backend.

A failure does not stop the rest. A summary closes the run, and a JUnit report of each part is in
tests-functional/reports. The exit status is 0 if everything passed, else 1; 130 after Ctrl-C.

Environment:
  TEST_SECONDS  how long one test may take before its part is ended as stuck, with a stack of every thread (300)
TEXT
}

engine_answers() {
    PYTHONPATH=$HARNESS "$PYTHON" -c 'from fleet.engine import connect; connect(timeout=10)' 2>/dev/null
}

RUNTIME=
while (($#)); do
    case $1 in
        -h | --help) usage && exit 0 ;;
        --runtime)
            (($# > 1)) || usage_error "--runtime needs a value: process, docker or both"
            RUNTIME=$2 && shift
            ;;
        --runtime=*) RUNTIME=${1#*=} ;;
        *) usage_error "unknown argument $1" ;;
    esac
    shift
done
case $RUNTIME in
    process | docker) RUNTIMES=("$RUNTIME") ;;
    both) RUNTIMES=(process docker) ;;
    '') RUNTIMES=(process) ;;
    *) usage_error "--runtime is process, docker or both, not '$RUNTIME'" ;;
esac

prepare_python
if [[ -z $RUNTIME ]]; then
    if engine_answers; then
        RUNTIMES+=(docker)
    else
        echo "No Docker engine answers: the scenarios run as local processes only."
    fi
fi

PARTS=() # NAME=STATUS each
STUCK=(-o "faulthandler_timeout=${TEST_SECONDS:-300}" -o faulthandler_exit_on_timeout=true)
FAILED=

run_part() { # run_part NAME COMMAND...: the command gets --junitxml FILE; a fault is noted and the rest still runs
    local name=$1 status=0
    shift
    [[ -z $INTERRUPTED ]] || return 0
    printf '\n=== %s ===\n' "$name"
    rm -f -- "$REPORTS/$name.xml"
    "$@" --junitxml "$REPORTS/$name.xml" "${STUCK[@]}" || status=$?
    PARTS+=("$name=$status")
    # pytest writes its report last: without one it did not get there, whatever its status says.
    if ((status)) || [[ ! -f $REPORTS/$name.xml ]]; then FAILED=yes; fi
}

if [[ ${RUNTIMES[*]} == *docker* ]]; then
    # The Codex node's own tests look at its image too.
    CODEX_IMAGE=$("$SCRIPTS/build_status_go_docker.sh" | awk '$1 == "codex" { print $2 }')
    export CODEX_IMAGE
fi
run_part node-waku run_pytest "$ROOT/docker/waku"
# These compute more than they wait: a worker for each core. The tests of a file share the Codex nodes that it starts.
cores=$(getconf _NPROCESSORS_ONLN)
run_part node-codex run_pytest "$ROOT/docker/codex" -n "$cores" --dist loadfile
run_part node-status-backend run_pytest "$ROOT/docker/status-backend" -n "$cores" --dist worksteal
# What a file of these starts, its tests share: so each file stays with one worker, in the order of selftests/conftest.py.
by_file=(-n "$(most_workers)" --dist loadfile --no-loadscope-reorder)
run_part harness run_pytest "$ROOT" "$HARNESS/selftests" --ignore "$HARNESS/selftests/scripts" "${by_file[@]}"
run_part scripts run_pytest "$ROOT" "$HARNESS/selftests/scripts" "${by_file[@]}"
# Processes too have networks of their own here, where this user may make them: network faults need it.
for runtime in "${RUNTIMES[@]}"; do
    run_part "scenarios-$runtime" run_scenarios "$(most_workers)" "$SCENARIOS" --runtime "$runtime" --process-network own \
        --contract "$HARNESS/golden/transcripts" --schema-check fail
done
if [[ ${RUNTIMES[*]} == *docker* ]]; then
    # One scenario is enough to see that the node beside a backend is found in a container network.
    run_part codex-beside run_scenarios 0 "$SCENARIOS" -k exists_for_default_chat --runtime docker --codex container
fi

printf '\n=== Summary ===\n'
"$PYTHON" "$SCRIPTS/summary.py" "$REPORTS" "${PARTS[@]}"
if [[ -n $INTERRUPTED ]]; then die "Interrupted: the parts that are not listed did not run." 130; fi
if [[ -n $FAILED ]]; then exit 1; fi
