"""Settings of all tests: shared fixtures, Hypothesis profiles, compiled modules kept on disk."""

import os
import sys

from hypothesis import settings

pytest_plugins = ["page_fixtures", "s3_server", "bucket_fixtures", "flaky_filesystem"]

# The tests start hundreds of processes. Where the environment forbids Python to keep compiled
# modules, each of them would compile all that it imports again: more than half of its time.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

# No deadlines: machines are shared, and no test judges speed.
settings.register_profile("sokkuri", deadline=None)
settings.load_profile("sokkuri")
