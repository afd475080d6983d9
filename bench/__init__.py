"""What things cost. `make bench` prints the table; each figure is measured in processes of its own."""
