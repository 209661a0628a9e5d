"""Rules over mapping and facts: every problem at once, before anything is planned."""
