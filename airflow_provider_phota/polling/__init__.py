"""Polling decides when to ask about a PHOTA task next, and when to stop asking. Nothing here does any I/O."""
