"""Proof: `verification` follows the chains to their heads, `recomputation` runs the engine again over a case's record."""
