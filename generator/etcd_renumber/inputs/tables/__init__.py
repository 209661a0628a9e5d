"""What people paste into `init --from`: one file for each form, and `read.py`, which tries them in turn."""
