"""Places an order once and pays for it once, whatever becomes of the attempts that do it."""
