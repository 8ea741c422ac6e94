"""Lets a Python function say what an operator orders: `@task.phota_edit` and its siblings."""
