"""What people give: the mapping, the facts of the hosts, and the first files of both."""
