"""The page that a browser gets from the emulator: its tasks, its faults, and how to connect.

Nothing of it is computed, and Jinja is not loaded, before somebody asks for the page.
"""
