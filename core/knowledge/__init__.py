"""What an organization learned: lessons, documents, and the index that finds them."""
