"""The marks that everything of a run carries, and nothing else does."""

# labels of containers, networks and volumes
RUN_LABEL = "tests-functional.run"
WORKER_LABEL = "tests-functional.worker"
TEST_LABEL = "tests-functional.test"
CREATED_LABEL = "tests-functional.created"

# environment variables of processes
RUN_VARIABLE = "TESTS_FUNCTIONAL_RUN"
WORKER_VARIABLE = "TESTS_FUNCTIONAL_WORKER"
TEST_VARIABLE = "TESTS_FUNCTIONAL_TEST"

# file in the temporary folder, holding the run's id
TEMP_MARK = ".tests-functional-run"

# who holds a run (fleet.lease): as a label, as an environment variable, and as a file in the temporary folder
LEASE_LABEL = "tests-functional.lease"
LEASE_VARIABLE = "TESTS_FUNCTIONAL_LEASE"
LEASE_FILE = ".tests-functional-lease"

# what names of networks, containers and temporary folders of a run begin with
PREFIX = "tests-functional-"

# file in the temporary folder of a run that was kept for a person to look at (fleet.kept)
KEPT_FILE = "kept.json"
