"""Classic codecs as yardsticks."""
