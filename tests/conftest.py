"""For all tests: the fixtures of the page tests, and no deadlines for Hypothesis' examples, since
machines are shared and speed is no test's business."""

from hypothesis import settings

pytest_plugins = ["page_fixtures", "s3_server", "bucket_fixtures", "flaky_filesystem"]

settings.register_profile("sokkuri", deadline=None)
settings.load_profile("sokkuri")
