"""Which judges are worth asking about which items: what a cascade learns, decides and replays."""
