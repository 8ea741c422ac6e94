"""Triggers wait for PHOTA tasks in the triggerer, without a worker slot."""
