"""From the change to the text of every file in its folder."""
