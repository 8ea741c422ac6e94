"""Makes checked items out of what a user names: a folder, a manifest or a list."""
