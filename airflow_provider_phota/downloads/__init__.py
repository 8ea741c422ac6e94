"""Downloads bring result pictures from hosts that are not trusted: without the key, checked and bounded."""
