"""For all tests: Hypothesis sets no deadline, since machines are shared and speed is no test's
business."""

from hypothesis import settings

settings.register_profile("sokkuri", deadline=None)
settings.load_profile("sokkuri")
