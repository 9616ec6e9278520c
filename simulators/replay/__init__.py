"""Real measurements from files, sent as their devices would have sent them."""
