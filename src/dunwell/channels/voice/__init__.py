"""Click to call: one port to a telephone, and the causes that calls end with."""
