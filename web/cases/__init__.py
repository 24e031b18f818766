"""One case from all sides, and starting one."""
