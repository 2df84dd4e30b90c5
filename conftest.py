"""The one conftest: it loads the harness as pytest plugins. Everything else lives under tests-functional/."""

import pytest

pytest.register_assert_rewrite("plugin")  # all of it, whichever module imports which first

from plugin import PLUGINS  # noqa: E402
from utils.config import option  # noqa: E402, F401  (status-go's own tests have it from here)

pytest_plugins = list(PLUGINS)
