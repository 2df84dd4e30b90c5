"""The harness as a pytest plugin: options, the run of the controller, and the fixtures that tests use.

Each module does one thing; pytest loads those of PLUGINS.
"""

PLUGINS = (
    "plugin.options",
    "plugin.isolation",
    "plugin.controller",
    "plugin.keep",
    "plugin.orphans",
    "plugin.status_go",
    "plugin.pace",
    "plugin.variants",
    "plugin.repeat",
    "plugin.seed",
    "plugin.failure",
    "plugin.fixtures",
    "plugin.dialects",
    "plugin.sized_data",
    "plugin.faults",
    "plugin.reproduce",
    "plugin.history",
    "plugin.activity",
    "plugin.watchdog",
    "plugin.observer",
    "plugin.live",
    "plugin.evidence",
    "plugin.rates",
    "plugin.schemas",
    "plugin.golden",
    "plugin.data_dirs",
    "plugin.secrets",
)
