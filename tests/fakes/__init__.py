"""Stand-ins for the outside world, and the checks that tests call after every step."""
