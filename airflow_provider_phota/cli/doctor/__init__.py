"""Checks one thing after the other that an order needs, and says what to do about what is broken."""
