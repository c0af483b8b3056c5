"""Every property is tried on the same inputs in every run."""

import hypothesis

hypothesis.settings.register_profile("repeatable", derandomize=True, database=None, deadline=None)
hypothesis.settings.load_profile("repeatable")
