"""How it is asked: one module per door. Parse, authenticate, delegate, serialise."""
