"""A pytest plugin for mutation runs: few examples for each property, and always the same ones."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "few",
    max_examples=12,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("few")
