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
