# shellcheck shell=bash
# shellcheck disable=SC2034  # what is set here is used in the scripts
# What the scripts share. Sourced, never run.
#
# Environment:
#   FUNCTIONAL_TESTS_PYTHON   a Python that has every requirement already; no virtual environment is made
#   PYTHON                    the Python to make the virtual environment with (default: the first fit one on PATH)

SCRIPTS=$(CDPATH='' cd -P -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(CDPATH='' cd -P -- "$SCRIPTS/../.." && pwd)
HARNESS=$ROOT/tests-functional
SCENARIOS=$HARNESS/tests
REPORTS=$HARNESS/reports
VENV=$ROOT/.venv
REQUIREMENTS=$ROOT/requirements.txt
NODE_REQUIREMENTS=$ROOT/docker/base/requirements.txt
# Scenarios mostly wait, so a core carries several; more than this and the nodes start to wait for one another.
WORKERS_PER_CORE=2

# A closed stdin (some CI runners) would make every later redirection from it fail.
{ : <&0; } 2>/dev/null || exec </dev/null

WORK=$(mktemp -d "${TMPDIR:-/tmp}/functional-tests.XXXXXX")
trap 'rm -rf -- "$WORK"' EXIT

exit_on_signals() {
    trap 'exit 130' INT
    trap 'exit 143' TERM
    trap 'exit 129' HUP
}
exit_on_signals

die() { # die MESSAGE [STATUS]
    printf '%s\n' "$1" >&2
    exit "${2:-1}"
}

usage_error() {
    die "$(basename -- "$0"): $1 (see --help)" 2
}

# --- Python -----------------------------------------------------------------------------------------------------------

is_fit() { # is_fit PYTHON: does it run, and is it new enough?
    "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null
}

find_python() {
    local candidate
    if [[ -n ${PYTHON:-} ]]; then
        is_fit "$PYTHON" || die "PYTHON=$PYTHON does not run or is older than Python 3.11."
        printf '%s\n' "$PYTHON"
        return
    fi
    for candidate in python3 python3.11 python3.12 python3.13; do
        if is_fit "$candidate"; then
            printf '%s\n' "$candidate"
            return
        fi
    done
    die "Python 3.11 or newer is needed, and none is on PATH (python3 is $(python3 --version 2>&1 || echo absent)).
Install it (Debian: apt-get install python3 python3-venv) or name one: PYTHON=/path/to/python3.11 $0"
}

logged() { # logged COMMAND...: quiet unless it fails
    local log=$WORK/command.log
    "$@" >"$log" 2>&1 </dev/null || {
        cat -- "$log" >&2
        return 1
    }
}

make_virtual_environment() {
    local base
    base=$(find_python)
    echo "Making the virtual environment .venv ($("$base" --version))..."
    logged "$base" -m venv --clear "$VENV" ||
        die "No virtual environment could be made with $base. On Debian and Ubuntu: apt-get install python3-venv"
}

install_requirements() {
    local pip=("$VENV/bin/python" -m pip install --disable-pip-version-check --no-input)
    echo "Installing the requirements (a minute or two the first time)..."
    logged "${pip[@]}" --no-warn-conflicts -r "$REQUIREMENTS" || die "pip could not install $REQUIREMENTS"
    # The nodes' list is complete, and one of its packages pins another that has no wheel: hence --no-deps.
    logged "${pip[@]}" --no-deps -r "$NODE_REQUIREMENTS" || die "pip could not install $NODE_REQUIREMENTS"
}

refresh_virtual_environment() {
    local stamp=$VENV/requirements.sha256 wanted
    if ! is_fit "$VENV/bin/python" || ! "$VENV/bin/python" -c 'import pip' 2>/dev/null; then
        make_virtual_environment
    fi
    wanted=$("$VENV/bin/python" -c '
import hashlib, pathlib, sys
print(hashlib.sha256(b"\0".join(pathlib.Path(name).read_bytes() for name in sys.argv[1:])).hexdigest())
' "$REQUIREMENTS" "$NODE_REQUIREMENTS")
    if [[ ! -f $stamp || $(<"$stamp") != "$wanted" ]]; then
        install_requirements
        printf '%s\n' "$wanted" >"$stamp"
    fi
}

# Sets PYTHON to an interpreter that has everything. Two scripts started at once take turns.
prepare_python() {
    if [[ -n ${FUNCTIONAL_TESTS_PYTHON:-} ]]; then
        PYTHON=$FUNCTIONAL_TESTS_PYTHON
        return
    fi
    (
        if command -v flock >/dev/null; then flock 9; fi
        refresh_virtual_environment
    ) 9<"$REQUIREMENTS"
    PYTHON=$VENV/bin/python
}

# Runs a module of the harness instead of any test, and exits as it does. The doctor takes any fit Python: that there is
# no virtual environment is for it to say.
run_tool() { # run_tool MODULE ARGS...
    local tool=$1
    shift
    if [[ $tool != doctor ]]; then
        prepare_python
    elif [[ -n ${FUNCTIONAL_TESTS_PYTHON:-} ]]; then
        PYTHON=$FUNCTIONAL_TESTS_PYTHON
    elif is_fit "$VENV/bin/python"; then
        PYTHON=$VENV/bin/python
    else
        PYTHON=$(find_python)
    fi
    rm -rf -- "$WORK"
    cd -- "$HARNESS"
    exec "$PYTHON" -m "$tool" "$@"
}

# --- pytest -----------------------------------------------------------------------------------------------------------

INTERRUPTED=
# Runs pytest to its end and that of all it started, and returns its status. Ctrl-C reaches it from the terminal; a
# SIGTERM to the script is passed on as one; a script that is killed takes pytest with it, and the reapers do the rest.
run_pytest() { # run_pytest DIRECTORY PYTEST_ARGS...
    run_module "$1" pytest "${@:2}"
}

run_module() { # run_module DIRECTORY MODULE ARGS...: pytest, or what runs pytest in its turn
    local mark=FUNCTIONAL_TESTS_SCRIPT=${WORK##*/} script=$BASHPID pid status
    rm -rf -- "$WORK" # it has served: nothing could remove it if this script were killed
    # A script's background child ignores SIGINT, and so would all its children: it is given back before pytest starts.
    env "$mark" "$PYTHON" -c '
import ctypes, os, signal, sys
signal.signal(signal.SIGINT, signal.SIG_DFL)
script, folder, *arguments = sys.argv[1:]
if sys.platform == "linux":
    PR_SET_PDEATHSIG = 1
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != int(script):
        sys.exit("the script has ended")
os.chdir(folder)
os.execv(sys.executable, [sys.executable, "-m", *arguments])
' "$script" "$@" <&0 &
    pid=$!
    trap 'INTERRUPTED=yes' INT
    # shellcheck disable=SC2064  # this very pid
    trap "INTERRUPTED=yes; kill -INT $pid 2>/dev/null || :" TERM HUP
    # A trapped signal ends a wait early; the last one gives the status.
    while kill -0 "$pid" 2>/dev/null; do wait "$pid" || :; done
    wait "$pid" && status=0 || status=$?
    "$PYTHON" "$SCRIPTS/wait_until_gone.py" "$mark" || :
    exit_on_signals
    return "$status"
}

# --- Scenarios --------------------------------------------------------------------------------------------------------

# Sets ASK, RUNTIME, PATTERN and SELECTION (pytest's arguments) from [-y] [--runtime R] [PATTERN] [-- PYTEST ARGS].
parse_arguments() {
    ASK=yes RUNTIME=auto PATTERN=
    while (($#)); do
        case $1 in
            -h | --help) usage && exit 0 ;;
            -y | --yes) ASK=no ;;
            --runtime)
                (($# > 1)) || usage_error "--runtime needs a value: auto, docker or process"
                RUNTIME=$2 && shift
                ;;
            --runtime=*) RUNTIME=${1#*=} ;;
            --) shift && break ;;
            -*) usage_error "unknown option $1; pytest's own options go after --" ;;
            *)
                [[ -z $PATTERN ]] || usage_error "one PATTERN only, and here are two: '$PATTERN' and '$1'; quote an expression"
                PATTERN=$1
                ;;
        esac
        shift
    done
    case $RUNTIME in
        auto | docker | process) ;;
        *) usage_error "--runtime is auto, docker or process, not '$RUNTIME'" ;;
    esac
    if [[ $PATTERN == *::* || $PATTERN == */* ]]; then # a node id as the list below and pytest print it, or a path
        local within=${PATTERN##*tests-functional/tests/}
        SELECTION=("$SCENARIOS/${within#tests/}")
    else
        SELECTION=("$SCENARIOS" ${PATTERN:+-k "$PATTERN"})
    fi
    SELECTION+=(--runtime "$RUNTIME" "$@")
}

# Sets TESTS to the node ids that SELECTION finds, or says why there are none and exits.
discover_tests() {
    local found=$WORK/found log=$WORK/discovery.log status=0 test
    echo "Discovering tests..."
    : >"$found"
    (
        cd -- "$ROOT"
        DISCOVERED_TESTS=$found PYTHONPATH=$SCRIPTS${PYTHONPATH:+:$PYTHONPATH} \
            "$PYTHON" -m pytest -p discovered_tests --collect-only -qq "${SELECTION[@]}"
    ) >"$log" 2>&1 </dev/null || status=$?
    if ((status != 0 && status != 5)); then # 5: nothing was collected
        cat -- "$log" >&2
        die "Discovery failed." "$status"
    fi
    TESTS=()
    while IFS= read -r test; do TESTS+=("$test"); done <"$found"
    ((${#TESTS[@]})) || die "No test matches${PATTERN:+: $PATTERN}"
}

list_tests() {
    local count=${#TESTS[@]} number
    printf 'Found %d test%s%s\n\n' "$count" "$( ((count == 1)) || echo s)" "${PATTERN:+ matching: $PATTERN}"
    for ((number = 1; number <= count; number++)); do
        printf '%3d. %s\n' "$number" "${TESTS[number - 1]#tests-functional/tests/}"
    done
    echo
}

most_workers() {
    local most=$(($(getconf _NPROCESSORS_ONLN) * WORKERS_PER_CORE))
    echo $((most < 2 ? 2 : most))
}

run_scenarios() { # run_scenarios WORKERS PYTEST_ARGS...: later arguments win, so one's own -n does
    local workers=$1
    shift
    run_pytest "$ROOT" -v -n "$workers" --dist worksteal "$@"
}

# One test needs no workers; more get one each, as far as the machine carries them. A round counts as a test.
set_workers() { # set_workers [ROUNDS]: sets WORKERS
    local count=$((${#TESTS[@]} * ${1:-1})) most
    most=$(most_workers)
    WORKERS=0
    if ((count > 1)); then
        WORKERS=$((count < most ? count : most))
        echo "Running in $WORKERS workers."
    fi
}

run_discovered() { # run_discovered PYTEST_ARGS...
    set_workers "${ROUNDS:-1}"
    run_scenarios "$WORKERS" "$@" "${SELECTION[@]}"
}
