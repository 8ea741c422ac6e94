"""Holds the operators that place orders with PHOTA; `operators.phota` exports all of them."""
