"""What a run leaves behind for people and machines, made from the journals and logs alone. Nothing depends on it but the plugin."""
