"""The outside world behind the ports of the life cycle; one system one file."""
