"""How far the judges err together, and who is a near copy of whom."""
