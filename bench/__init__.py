"""Figures, side by side in one run; never a test. `make bench` prints the tables of docs/figures.md."""
