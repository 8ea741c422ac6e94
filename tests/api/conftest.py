from hypothesis import HealthCheck, settings

# a busy machine must not fail a build, and neither must a new random example: look for those by hand,
# with `pytest --hypothesis-seed=N` under another profile
settings.register_profile(
    "steady", deadline=None, derandomize=True, database=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("steady")
