"""Many files through a loaded run, in a job that may be killed and started again."""
