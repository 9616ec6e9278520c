"""What all processes of Parkpulse share."""
