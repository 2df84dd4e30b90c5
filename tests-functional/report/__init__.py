"""What a run leaves behind for people and machines, made from the journals and logs alone.

Only the plugin depends on it.
"""
