"""How messages look and are signed for each kind of channel, and what answers mean."""
