"""The one conftest: it loads the harness as pytest plugins. Everything else lives under tests-functional/."""

import pytest

pytest.register_assert_rewrite("plugin")  # all of it, whichever module imports which first

from plugin import PLUGINS  # noqa: E402

pytest_plugins = list(PLUGINS)
