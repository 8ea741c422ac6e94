"""Asks a person about pictures, and publishes those that the person has chosen."""
