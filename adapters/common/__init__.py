"""What channels share and no platform shapes: reading what people type and paste, and putting things in words."""
