"""What the runs left on the hosts: read, held against the plan, put together."""
