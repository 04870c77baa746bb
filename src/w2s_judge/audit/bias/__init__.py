"""What sways the judges beside what they are asked."""
