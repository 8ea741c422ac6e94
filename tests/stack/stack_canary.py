"""Names the key of the tests' connections, which must not be seen anywhere."""

#: A key found nowhere else, with characters that quoting, JSON and repr would change.
CANARY = "emu-canary-7Qx/+%&'z"
