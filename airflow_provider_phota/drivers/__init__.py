"""Drivers carry an `api` conversation over the network: `requests` in a worker, `aiohttp` in the triggerer.

Besides sending, a driver has one duty: it maps every failure of its library to `NotSent` or `MaybeSent`, by
whether a byte of the request was handed to a socket. The library's exception classes do not tell this: a TLS
handshake that hangs and an answer that never comes are both a read timeout. So each driver marks the moment
of sending itself.
"""
