"""``python -m powertune``."""

from powertune.cli.main import main

if __name__ == "__main__":
    main()
