"""Pure rules of casework: which outcome fits which action, and how cases are dealt out."""
