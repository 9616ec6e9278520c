"""Messages that carriers' platforms push over HTTP, handed to the broker."""
