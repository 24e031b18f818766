"""A process is killed at named points between and inside commits; what it left goes on, whole and once."""
