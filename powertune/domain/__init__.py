"""The words: frozen data that travels through powertune, checked when made. No I/O."""
