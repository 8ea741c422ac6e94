"""Carry an `api` conversation over the network: `requests` in a worker, `aiohttp` in the triggerer.

Their one duty besides sending: map every failure of their library to `NotSent` or `MaybeSent`, by whether a
byte of the request was handed to a socket. Exception classes do not tell (a TLS handshake that hangs and an
answer that never comes are both a read timeout), so each driver marks the moment itself.
"""
