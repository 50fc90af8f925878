"""One Prefect flow a file, and the command line. Order, retries, schedules, artifacts; no domain logic."""
