"""The folder of a change: written whole, linted, reviewed, signed, bundled."""
