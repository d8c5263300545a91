"""The road through the courts: what keeps a claim alive, and what proves it."""
