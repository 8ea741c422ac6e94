"""Says what a user can ask PHOTA for: one module for each model, and the protocol that all of them follow."""
